import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { program } from './programs.ts';
import { eventually } from './server.ts';

const GUIDE = join(import.meta.dirname, '../../docs/remote.md');
/** What stands in the guide, and is another thing here. */
const NAME = 'camera.example.com';
const CAMERA = '192.168.1.50:8080';

export const PROXIES = ['nginx', 'caddy'] as const;
export type ProxyName = (typeof PROXIES)[number];

/** A reverse proxy with TLS before a camera, set up as docs/remote.md has it. */
export class ReverseProxy {
  readonly #dir = mkdtempSync(join(tmpdir(), 'onvif-camera-proxy-'));
  #process: ChildProcess | undefined;
  #output = '';
  port = 0;

  private constructor(private readonly name: ProxyName) {}

  /** @param camera "127.0.0.1:8080" */
  static async start(name: ProxyName, camera: string): Promise<ReverseProxy> {
    const proxy = new ReverseProxy(name);
    proxy.port = await freePort();
    const example = exampleOf(name);
    if (!example.includes(CAMERA)) throw new Error(`the example for ${name} does not lead to ${CAMERA}`);
    const [key, certificate] = proxy.#makeCertificate();
    const adapted = example.replaceAll(CAMERA, camera);
    if (name === 'nginx') proxy.#startNginx(adapted, key, certificate);
    else proxy.#startCaddy(adapted, key, certificate);
    await proxy.#untilItListens();
    return proxy;
  }

  /** "https://localhost:12345" */
  get url(): string {
    return `https://localhost:${this.port}`;
  }

  async stop(): Promise<void> {
    const running = this.#process;
    if (running && running.exitCode === null && running.signalCode === null) {
      // Asked kindly, it would wait for streams to end.
      running.kill('SIGKILL');
      await once(running, 'exit');
    }
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #startNginx(server: string, key: string, certificate: string): void {
    const here = server
      .replace('listen 443 ssl', `listen 127.0.0.1:${this.port} ssl`)
      .replace(/ssl_certificate .*;/, `ssl_certificate ${certificate};`)
      .replace(/ssl_certificate_key .*;/, `ssl_certificate_key ${key};`);
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${join(this.#dir, kind)};`);
    const file = join(this.#dir, 'nginx.conf');
    // One process, ours, so that its end is the end of all.
    writeFileSync(
      file,
      `daemon off;\nmaster_process off;\npid ${join(this.#dir, 'pid')};\nevents {}\nhttp {\naccess_log off;\n${paths.join('\n')}\n${here}}\n`,
    );
    this.#spawn('nginx', ['-p', this.#dir, '-c', file, '-e', 'stderr', '-g', 'error_log stderr;']);
  }

  #startCaddy(site: string, key: string, certificate: string): void {
    const here = site.replace(
      `${NAME} {`,
      `https://${NAME}:${this.port}, https://localhost:${this.port} {\nbind 127.0.0.1\ntls ${certificate} ${key}`,
    );
    const file = join(this.#dir, 'Caddyfile');
    writeFileSync(file, `{\nadmin off\nauto_https disable_redirects\n}\n${here}`);
    this.#spawn('caddy', ['run', '--config', file, '--adapter', 'caddyfile']);
  }

  #spawn(command: string, args: readonly string[]): void {
    const env = { ...process.env, HOME: this.#dir, XDG_DATA_HOME: this.#dir, XDG_CONFIG_HOME: this.#dir };
    this.#process = spawn(program(command) ?? command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    // A program that is not there shows when nothing listens.
    this.#process.on('error', (error) => (this.#output += error.message));
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
  }

  async #untilItListens(): Promise<void> {
    try {
      await eventually(() => accepts(this.port), `${this.name} listens`, 20);
    } catch (error) {
      await this.stop();
      throw new Error(`${(error as Error).message}:\n${this.#output}`);
    }
  }

  #makeCertificate(): [key: string, certificate: string] {
    const [key, certificate] = [join(this.#dir, 'key.pem'), join(this.#dir, 'certificate.pem')];
    const names = `subjectAltName=DNS:${NAME},DNS:localhost`;
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${NAME}`, '-addext', names];
    execFileSync('openssl', [...request, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
    return [key, certificate];
  }
}

/** The example of the guide: the one block in its language. */
function exampleOf(name: ProxyName): string {
  const blocks = [...readFileSync(GUIDE, 'utf8').matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].filter(([, language]) => language === name);
  if (blocks.length !== 1) throw new Error(`docs/remote.md has ${blocks.length} examples for ${name}`);
  return blocks[0]![2]!;
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
