import { join } from 'node:path';
import * as z from 'zod/mini';
import { directoryError, readOwnFile, writeFileInBackground } from '../platform/files.ts';

/** Longest file that is read, bytes: 50,000 logins take 2 MB. */
const MAX_BYTES = 8 << 20;

const schema = z.object({
  version: z.literal(1),
  orderly: z.boolean(),
  bootId: z.optional(z.string()),
  bootedAt: z.number(),
  clockWasRight: z.optional(z.boolean()),
  users: z.array(
    z.object({
      name: z.string(),
      lead: z.number().check(z.nonnegative()),
      ranges: z.array(z.tuple([z.number(), z.number()])),
      seen: z.array(z.tuple([z.string(), z.number()])),
    }),
  ),
});

/** The logins by WS-UsernameToken with a digest that were used: hashes and times, no passwords. See UsedTokensRecord for the fields. */
type UsedTokens = Omit<z.infer<typeof schema>, 'version'>;

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** `used-tokens.json` in the data directory. What could not be written is known until the process ends. */
export class UsedTokensFile {
  readonly #path: string;
  /** What could not be written. */
  #unwritten: DeepReadonly<UsedTokens> | undefined;

  constructor(dataDir: string) {
    this.#path = join(dataDir, 'used-tokens.json');
  }

  /** Returns the content; undefined: there is no file; `damaged`: it cannot be read. */
  read(): DeepReadonly<UsedTokens> | 'damaged' | undefined {
    if (this.#unwritten) return this.#unwritten;
    try {
      const file = readOwnFile(this.#path, { maxBytes: MAX_BYTES, makePrivate: true });
      return file && schema.parse(JSON.parse(file.text));
    } catch {
      return 'damaged';
    }
  }

  /** Writes the content. Resolves when not even a power cut can undo it. Rejects with an AppError. */
  async write(content: DeepReadonly<UsedTokens>): Promise<void> {
    try {
      await writeFileInBackground(this.#path, `${JSON.stringify({ version: 1, ...content })}\n`);
      this.#unwritten = undefined;
    } catch (error) {
      this.#unwritten = content;
      throw directoryError(`${this.#path} cannot be written`, error);
    }
  }
}
