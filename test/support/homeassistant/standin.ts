import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.standin';

type Outcome = { created: true } | { errors: Record<string, string>; placeholders?: Record<string, string> } | { abort: string };

/** The forms of the config flows: which keys must, and which may, be filled in. */
const FORMS: Readonly<Record<string, Readonly<Record<string, { required: readonly string[]; optional: readonly string[] }>>>> = {
  mjpeg: {
    user: { required: ['name', 'mjpeg_url'], optional: ['still_image_url', 'username', 'password', 'verify_ssl'] },
  },
  onvif: {
    user: { required: ['auto'], optional: [] },
    configure: { required: ['name', 'host', 'port'], optional: ['username', 'password'] },
  },
};

/** As strict as Home Assistant's own API of config flows, with an outcome that the test chooses. */
export class StandinHomeAssistant {
  url = '';
  outcome: Outcome = { created: true };
  /** What was filled in, form by form. */
  readonly submitted: Record<string, unknown>[] = [];
  /** Flows that nobody ended or gave up. */
  readonly open = new Map<string, { handler: string; step: string }>();
  /** Answers instead of the API, where it returns true. */
  instead: (req: IncomingMessage, res: ServerResponse) => boolean = () => false;
  readonly #server: Server;
  #flows = 0;

  private constructor() {
    this.#server = createServer((req, res) => {
      if (!this.instead(req, res)) void this.#answer(req, res);
    });
  }

  static async start(): Promise<StandinHomeAssistant> {
    const standin = new StandinHomeAssistant();
    await once(standin.#server.listen(0, '127.0.0.1'), 'listening');
    standin.url = `http://127.0.0.1:${(standin.#server.address() as AddressInfo).port}`;
    return standin;
  }

  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const send = (status: number, body: unknown) => res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    let text = '';
    for await (const chunk of req) text += chunk;
    if (req.headers.authorization !== `Bearer ${TOKEN}`) {
      res.writeHead(401).end('401: Unauthorized');
      return;
    }
    if (req.url === '/api/config' && req.method === 'GET') return void send(200, { version: '2025.4.4', location_name: 'Home' });
    const [, path, id] = /^(\/api\/config\/config_entries\/flow)(?:\/(\w+))?$/.exec(req.url ?? '') ?? [];
    if (path === undefined) return void res.writeHead(404).end('404: Not Found');
    if (req.method === 'DELETE' && id !== undefined) return void send(this.open.delete(id) ? 200 : 404, { message: 'Flow aborted' });
    if (req.method !== 'POST') return void res.writeHead(405).end();
    const body = JSON.parse(text) as Record<string, unknown>;
    if (id === undefined) return void send(...this.#begin(body));
    send(...this.#submit(id, body));
  }

  #begin({ handler }: Record<string, unknown>): [number, unknown] {
    if (typeof handler !== 'string' || !(handler in FORMS)) return [404, { message: 'Invalid handler specified' }];
    const id = `flow${++this.#flows}`;
    this.open.set(id, { handler, step: 'user' });
    return [200, this.#form(id)];
  }

  #submit(id: string, body: Record<string, unknown>): [number, unknown] {
    const flow = this.open.get(id);
    if (!flow) return [404, { message: 'Invalid flow specified' }];
    const { required, optional } = FORMS[flow.handler]![flow.step]!;
    const wrong = [
      ...required.filter((key) => body[key] === undefined),
      ...Object.keys(body).filter((key) => ![...required, ...optional].includes(key)),
      ...Object.entries(body).filter(
        ([key, value]) => typeof value !== (key === 'port' ? 'number' : /^(auto|verify_ssl)$/.test(key) ? 'boolean' : 'string'),
      ),
    ];
    if (wrong.length > 0) return [400, { message: `User input malformed: ${wrong.join()}` }];
    this.submitted.push(body);
    if (flow.handler === 'onvif' && flow.step === 'user') {
      this.open.set(id, { ...flow, step: 'configure' });
      return [200, this.#form(id)];
    }
    const { outcome } = this;
    if ('errors' in outcome)
      return [200, { ...this.#form(id), errors: outcome.errors, description_placeholders: outcome.placeholders ?? {} }];
    this.open.delete(id);
    if ('abort' in outcome)
      return [200, { type: 'abort', flow_id: id, handler: flow.handler, reason: outcome.abort, description_placeholders: null }];
    return [
      200,
      { type: 'create_entry', flow_id: id, handler: flow.handler, title: body.name, result: { entry_id: 'entry', state: 'loaded' } },
    ];
  }

  #form(id: string): Record<string, unknown> {
    const { handler, step } = this.open.get(id)!;
    return {
      type: 'form',
      flow_id: id,
      handler,
      step_id: step,
      data_schema: [],
      errors: {},
      description_placeholders: null,
      last_step: null,
    };
  }
}
