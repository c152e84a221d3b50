import { readFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { AppError, messageOf } from '../core/errors.ts';

const schema = z.object({
  version: z.literal(1),
  orderly: z.boolean(),
  bootId: z.string().optional(),
  bootedAt: z.number(),
  clockWasRight: z.boolean().optional(),
  users: z.array(
    z.object({
      name: z.string(),
      lead: z.number().nonnegative(),
      ranges: z.array(z.tuple([z.number(), z.number()])),
      seen: z.array(z.tuple([z.string(), z.number()])),
    }),
  ),
});

/** Which logins with a digest by WS-UsernameToken were used: hashes and times, no passwords. */
type UsedTokens = Omit<z.infer<typeof schema>, 'version'>;

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

/** `used-tokens.json` in the data directory. What the disk did not take is at least known to the end of the process. */
export class UsedTokensFile {
  readonly #path: string;
  #untaken: DeepReadonly<UsedTokens> | undefined;

  constructor(dataDir: string) {
    this.#path = join(dataDir, 'used-tokens.json');
  }

  /** Undefined: there is none. `damaged`: it cannot be read. */
  read(): DeepReadonly<UsedTokens> | 'damaged' | undefined {
    if (this.#untaken) return this.#untaken;
    try {
      return schema.parse(JSON.parse(readFileSync(this.#path, 'utf8')));
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : 'damaged';
    }
  }

  /** Resolves when not even a power cut brings back what was there before. Rejects with an AppError. */
  async write(content: DeepReadonly<UsedTokens>): Promise<void> {
    try {
      await writeFileDurably(this.#path, `${JSON.stringify({ version: 1, ...content })}\n`);
      this.#untaken = undefined;
    } catch (error) {
      this.#untaken = content;
      throw new AppError('DATA_DIR', `${this.#path} cannot be written: ${messageOf(error)}.`, { cause: error });
    }
  }
}

/** Writes a file so that there is the old one or the new one at any time, and the new one for certain afterwards. Mode 0600. */
async function writeFileDurably(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  await rm(temporary, { force: true });
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  // The name, too, has to be on the disk.
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
