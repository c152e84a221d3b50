import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * The same camera as if it knew no Basic: passes requests on, Basic credentials left out. Home Assistant tries Basic first
 * and takes Digest only where that fails.
 */
export class DigestOnly {
  /** The schemes of the requests that the camera let in. */
  readonly accepted = new Set<string>();
  readonly #server: Server;

  private constructor(camera: number) {
    this.#server = createServer((req, res) => {
      const { authorization, ...headers } = req.headers;
      const scheme = authorization?.split(' ')[0]?.toLowerCase() ?? 'none';
      const passed = scheme === 'basic' || authorization === undefined ? headers : { ...headers, authorization };
      const forward = request({ port: camera, method: req.method, path: req.url, headers: passed, agent: false }, (answer) => {
        if (answer.statusCode === 200) this.accepted.add(scheme);
        res.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(res);
      });
      forward.on('error', () => res.destroy());
      res.on('close', () => forward.destroy());
      req.pipe(forward);
    });
  }

  /** @param camera its port on this machine */
  static async start(camera: number): Promise<DigestOnly> {
    const proxy = new DigestOnly(camera);
    await once(proxy.#server.listen(0), 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
