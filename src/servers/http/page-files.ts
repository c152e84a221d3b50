import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Response } from 'express';
import { AppError, messageOf } from '../../core/errors.ts';
import { expectToBeRead } from './answers.ts';

const PAGES = ['index.html', 'login.html'];
const ICON = 'assets/icon.svg';
/** How a page names one of its files. */
const REFERENCE = /"\/(assets\/[^"]+)"/g;

/** A file of the page, as it is served. */
interface PageFile {
  readonly content: Buffer;
  /** ".html" */
  readonly extension: string;
  readonly headers: { readonly ETag: string; readonly 'Last-Modified': string };
}

/**
 * The files of the page, in memory: some 30 kB that never change while the program runs. So no request opens a file, and
 * none is left open by a client that goes before it is answered.
 */
export class PageFiles {
  readonly #files: ReadonlyMap<string, PageFile>;

  private constructor(files: ReadonlyMap<string, PageFile>) {
    this.#files = files;
  }

  /**
   * Reads the files of the page.
   *
   * @throws AppError PAGE_MISSING if one cannot be read, or one that a page names is not there
   */
  static read(dir: string): PageFiles {
    try {
      const names = [...PAGES, ...readdirSync(join(dir, 'assets')).map((name) => `assets/${name}`)];
      const files = new PageFiles(new Map(names.map((name) => [name, readPageFile(join(dir, name))])));
      const wanted = PAGES.flatMap((page) => [...files.text(page).matchAll(REFERENCE)].map(([, name]) => name!));
      const missing = [ICON, ...wanted].find((name) => !files.has(name));
      if (missing !== undefined) throw new Error(`there is no ${missing}`);
      return files;
    } catch (error) {
      throw new AppError('PAGE_MISSING', `The files of the web page are not complete in ${dir}: ${messageOf(error)}.`, { cause: error });
    }
  }

  /** Whether there is a file of this name: "assets/page.js". */
  has(name: string): boolean {
    return this.#files.has(name);
  }

  /** The text of a file. @param name "login.html"; it must be there */
  text(name: string): string {
    return this.#files.get(name)!.content.toString();
  }

  /** Answers with a file, or with 304 where the client has it already. @param name of a file that is there */
  send(res: Response, name: string, cacheControl: string): void {
    const { content, extension, headers } = this.#files.get(name)!;
    res
      .set({ ...headers, 'Cache-Control': cacheControl })
      .type(extension)
      .send(content);
    expectToBeRead(res);
  }

  /** Answers with the icon. */
  sendIcon(res: Response): void {
    this.send(res, ICON, 'public, max-age=0');
  }
}

function readPageFile(path: string): PageFile {
  const content = readFileSync(path);
  // Of the content: packages are unpacked with one time for all their files, whatever their version.
  const tag = createHash('sha256').update(content).digest('base64url').slice(0, 27);
  return { content, extension: extname(path), headers: { ETag: `"${tag}"`, 'Last-Modified': statSync(path).mtime.toUTCString() } };
}
