/**
 * The source that `camera.source` asks for: `camera` counts as in `--list-cameras`, `device` is a path (the first webcam where it
 * is missing), `dir` a folder.
 */
export type SourceSpec =
  | { readonly kind: 'auto' }
  | { readonly kind: 'rpicam'; readonly camera: number }
  | { readonly kind: 'v4l2'; readonly device?: string }
  | { readonly kind: 'images'; readonly dir: string }
  | { readonly kind: 'test' };

/** A kind of source that can be asked for. */
export type SourceKind = Exclude<SourceSpec['kind'], 'auto'>;

/** What asks for a source of that kind. */
export type SpecOf<K extends SourceKind> = Extract<SourceSpec, { kind: K }>;

/** The forms of `camera.source`, for messages. */
export const SOURCE_FORMS = 'auto, rpicam, rpicam:1, v4l2, v4l2:/dev/video0, images:DIR or test';

/** Returns what the text of `camera.source` asks for; undefined if it is none of {@link SOURCE_FORMS}. */
export function parseSourceSpec(text: string): SourceSpec | undefined {
  const [kind, rest] = text.includes(':') ? [text.slice(0, text.indexOf(':')), text.slice(text.indexOf(':') + 1)] : [text, ''];
  switch (kind) {
    case 'auto':
    case 'test':
      return text === kind ? { kind } : undefined;
    case 'rpicam':
      if (text === kind) return { kind, camera: 0 };
      return /^\d{1,2}$/.test(rest) ? { kind, camera: Number(rest) } : undefined;
    case 'v4l2':
      if (text === kind) return { kind };
      return rest.startsWith('/') ? { kind, device: rest } : undefined;
    case 'images':
      return rest === '' ? undefined : { kind, dir: rest };
    default:
      return undefined;
  }
}
