/** Characters that XML 1.0 (section 2.2) cannot carry in any form, halves of surrogate pairs included. */
const NOT_XML = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;
const NOT_XML_ANYWHERE = new RegExp(NOT_XML, 'gu');

/** Whether XML can carry all characters of the text. */
export const isXmlText = (text: string): boolean => !NOT_XML.test(text);

/** Returns the text without what XML cannot carry. */
export const toXmlText = (text: string): string => (isXmlText(text) ? text : text.replace(NOT_XML_ANYWHERE, ''));

const SPECIAL = /[&<>"\t\n\r]/;
const REPLACEMENT: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** Returns the text as it stands in an element or in an attribute with double quotes; white space survives in both. */
export function escapeXml(text: string): string {
  const plain = toXmlText(text);
  return SPECIAL.test(plain) ? plain.replace(/[&<>"\t\n\r]/g, (character) => REPLACEMENT[character]!) : plain;
}
