import { AppError } from '../core/errors.ts';

/** Letters and signs that no decomposition makes plain, as people write them in ASCII. */
const SPELLED: Readonly<Record<string, string>> = {
  ...{ ä: 'ae', ö: 'oe', ü: 'ue', Ä: 'Ae', Ö: 'Oe', Ü: 'Ue', ß: 'ss', ẞ: 'SS' },
  ...{ æ: 'ae', Æ: 'Ae', œ: 'oe', Œ: 'Oe', ø: 'oe', Ø: 'Oe', å: 'aa', Å: 'Aa' },
  ...{ ł: 'l', Ł: 'L', đ: 'd', Đ: 'D', ð: 'd', Ð: 'D', þ: 'th', Þ: 'Th', ı: 'i', ħ: 'h', Ħ: 'H' },
  ...{ '‘': "'", '’': "'", '‚': "'", '“': '"', '”': '"', '„': '"', '«': '"', '»': '"', '‹': "'", '›': "'" },
  ...{ '–': '-', '—': '-', '‐': '-', '‑': '-', '−': '-', '·': '.', '•': '*', '×': 'x', '°': ' deg', '€': 'EUR', '£': 'GBP' },
};
/** Stands for what has no plain equivalent. */
const UNKNOWN = '?';

/** Returns a text in printable ASCII, for programs that draw nothing else: accents are left out, and what remains unknown becomes "?". */
export function toAscii(text: string): string {
  return [...text.normalize('NFC')].map((character) => (isAscii(character) ? character : plain(character))).join('');
}

const isAscii = (text: string) => /^[\x20-\x7e]*$/.test(text);

function plain(character: string): string {
  const spelled = SPELLED[character];
  if (spelled !== undefined) return spelled;
  if (/^\s$/.test(character)) return ' ';
  // Accents, ligatures and wide forms; nothing is left of what has no width of its own.
  const base = character.normalize('NFKD').replace(/[\p{M}\p{Cf}]/gu, '');
  return isAscii(base) ? base : UNKNOWN;
}

/**
 * Returns a notice (ANNOTATE_ASCII) that says how `camera.annotate` is drawn where that differs from what was written; undefined
 * where it does not.
 */
export function annotateNotice(annotate: string): AppError | undefined {
  const drawn = toAscii(annotate);
  if (drawn === annotate) return undefined;
  return new AppError('ANNOTATE_ASCII', `The text in the picture is drawn as "${drawn}": there are only ASCII characters for it.`);
}
