/** The content of a file as JSON.parse returns it. */
type Json = Readonly<Record<string, unknown>>;

/** The format of a file: its version, and the steps that lead to it. */
export interface Format {
  /** The version that is written. */
  readonly version: number;
  /** By version: returns the content in the next version. There is none where nothing but the number changed. */
  readonly migrations: Readonly<Record<number, (json: Json) => Json>>;
}

/** Brings a content of an older version to the present one, step by step. Throws what the steps throw on a damaged file. */
export function bringForward(json: Json, from: number, { version, migrations }: Format): Json {
  let now = json;
  for (let at = from; at < version; at++) now = { ...(migrations[at]?.(now) ?? now), version: at + 1 };
  return now;
}

/**
 * Returns `next` with what the file has and this version of the program does not know, so that going back to an older version, and
 * forward again, loses nothing. Items of a list are matched by their token, hash or name; an item that is removed takes its unknown
 * members with it.
 * @param next what is to be written
 * @param read what the program made of the file
 * @param raw what the file has
 */
export function withUnknown(next: unknown, read: unknown, raw: unknown): unknown {
  if (Array.isArray(next) && Array.isArray(read) && Array.isArray(raw))
    return next.map((item) => {
      const at = read.findIndex((each) => idOf(each) !== undefined && idOf(each) === idOf(item));
      return at < 0 ? item : withUnknown(item, read[at], raw[at]);
    });
  if (!isObject(next) || !isObject(read) || !isObject(raw)) return next;
  const result: Record<string, unknown> = { ...next };
  for (const [key, value] of Object.entries(raw)) {
    if (Object.hasOwn(result, key)) result[key] = withUnknown(result[key], read[key], value);
    else if (!Object.hasOwn(read, key)) result[key] = value;
  }
  return result;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const idOf = (item: unknown): unknown => (isObject(item) ? (item.token ?? item.hash ?? item.name) : undefined);
