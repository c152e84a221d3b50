/**
 * Matches the characters that text from elsewhere (a path, a device's name, a program's last words) may not bring to a terminal:
 * control characters of ASCII and of C1 (ECMA-48), which move the cursor, set titles or answer for the user; line separators; and
 * what turns the direction of the text around or is not seen (Unicode's Cf), which makes one thing look like another. The joiners
 * stay: emoji and Indic scripts are made with them.
 */
const UNSAFE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Returns the text with the characters of {@link UNSAFE} as visible escapes: `\x1b`, `\u202e`. */
export const visible = (text: string): string =>
  text.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0) as number;
    if (code > 0xffff) return `\\u{${code.toString(16)}}`;
    return code > 0xff ? `\\u${hex(code, 4)}` : `\\x${hex(code, 2)}`;
  });

/** Returns the same for text of several lines, which stay lines. */
export const visibleLines = (text: string): string => text.split('\n').map(visible).join('\n');

/** Returns the text without the characters of {@link UNSAFE}. */
export const stripped = (text: string): string => text.replace(UNSAFE, '');

/** Returns JSON of the same value with the characters of {@link UNSAFE} escaped; JSON.stringify escapes only those of ASCII. */
export const terminalSafeJson = (json: string): string =>
  // In JSON, those of ASCII are the line breaks between its values.
  json.replace(UNSAFE, (character) =>
    character < ' '
      ? character
      : character
          .split('')
          .map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`)
          .join(''),
  );

const hex = (code: number, digits: number) => code.toString(16).padStart(digits, '0');
