/** Frame rate as text; empty when unknown. Whole numbers from 10 on, so that the number stands still. */
export function formatRate(fps: number): string {
  if (fps <= 0) return '';
  return `${fps >= 9.95 ? Math.round(fps) : fps.toFixed(1)} fps`;
}

export const formatSize = (width: number, height: number): string => (width > 0 && height > 0 ? `${width} × ${height}` : '');

export const formatViewers = (viewers: number): string => `${viewers} ${viewers === 1 ? 'viewer' : 'viewers'}`;

/** File name of a snapshot: the camera and the local time, in characters that every file system takes. */
export function snapshotName(camera: string, at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const name = camera
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-+|-+$/g, '');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${name || 'snapshot'}-${day}-${two(at.getHours())}-${two(at.getMinutes())}-${two(at.getSeconds())}.jpg`;
}

/** Hints write commands in backticks: the text in pieces, with what is a command. An unpaired backtick is a character. */
export function proseParts(text: string): { readonly text: string; readonly code: boolean }[] {
  const pieces = text.split(/`([^`]+)`/);
  return pieces.map((piece, index) => ({ text: piece, code: index % 2 === 1 })).filter((piece) => piece.text !== '');
}
