import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Service } from './service.ts';

/** Path below which the files of wsdl/ are served, so that a WSDL finds the schemas it imports. */
const FOLDER = '/onvif/wsdl/';

/** The WSDL files and schemas, in memory: less than 200 kB that never change. */
export class WsdlFiles {
  readonly #dir: string;
  readonly #texts: ReadonlyMap<string, string>;
  readonly #services: readonly Service[];

  private constructor(dir: string, texts: ReadonlyMap<string, string>, services: readonly Service[]) {
    this.#dir = dir;
    this.#texts = texts;
    this.#services = services;
  }

  /** Reads all files of a folder. @throws Error if the folder or a file in it cannot be read */
  static async read(dir: string, services: readonly Service[]): Promise<WsdlFiles> {
    const names = (await readdir(dir)).filter((name) => /\.(wsdl|xsd)$/.test(name));
    const texts = await Promise.all(names.map(async (name) => [name, await readFile(join(dir, name), 'utf8')] as const));
    return new WsdlFiles(dir, new Map(texts), services);
  }

  /** Returns the WSDL of a service and the path of its file. Throws an Error if there is none. */
  of(service: Service): { readonly file: string; readonly text: string } {
    const name = `${service.name}.wsdl`;
    const text = this.#texts.get(name);
    if (text === undefined) throw new Error(`there is no ${name} in ${this.#dir}`);
    return { file: join(this.#dir, name), text };
  }

  /**
   * Returns the file for a GET: `<path of a service>?wsdl`, or a file of wsdl/ by its name; undefined: there is none. The imports and the
   * address in the WSDL of a service are written so that they work for this client.
   *
   * @param url path and query of the request
   * @param baseUrl "http://192.168.1.5:8080"
   */
  serve(url: string, baseUrl: string): string | undefined {
    const [path = '', query] = url.replace(/^\/+/, '/').split('?', 2);
    if (path.startsWith(FOLDER)) return this.#texts.get(path.slice(FOLDER.length));
    const service = this.#services.find((candidate) => candidate.path === path);
    if (!service || query?.toLowerCase().startsWith('wsdl') !== true) return undefined;
    return this.of(service)
      .text.replace(/\bschemaLocation="([^":/]+)"/g, (_, name: string) => `schemaLocation="${baseUrl}${FOLDER}${name}"`)
      .replace(/(address location=")[^"]*/g, (_, start: string) => `${start}${baseUrl}${service.path}`);
  }
}
