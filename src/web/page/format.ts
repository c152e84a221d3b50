/** Returns a frame rate as text; empty when unknown (0). Whole numbers from 10 on, so that the number stands still. */
export function formatRate(fps: number): string {
  if (fps <= 0) return '';
  return `${fps >= 9.95 ? Math.round(fps) : fps.toFixed(1)} fps`;
}

/** Returns a size in pixels as text, "1280 × 720"; empty when unknown (0). */
export const formatSize = (width: number, height: number): string => (width > 0 && height > 0 ? `${width} × ${height}` : '');

/** Returns "1 viewer", "2 viewers". */
export const formatViewers = (viewers: number): string => `${viewers} ${viewers === 1 ? 'viewer' : 'viewers'}`;

/** Returns the file name of a snapshot: the camera and the local time, in characters that every file system takes. */
export function snapshotName(camera: string, at: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const name = camera
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, '-')
    .replaceAll(/^-+|-+$/g, '');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${name || 'snapshot'}-${day}-${two(at.getHours())}-${two(at.getMinutes())}-${two(at.getSeconds())}.jpg`;
}

/** Returns a text in pieces, with which of them are commands: hints have them in backticks. An unpaired backtick is a character. */
export function prosePieces(text: string): { readonly text: string; readonly code: boolean }[] {
  const pieces = text.split(/`([^`]+)`/);
  return pieces.map((piece, index) => ({ text: piece, code: index % 2 === 1 })).filter((piece) => piece.text !== '');
}
