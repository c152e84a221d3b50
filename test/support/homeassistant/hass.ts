import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { Neighbour } from '../network/neighbour.ts';
import { eventually } from '../server.ts';

/** Seconds until it answers: it compiles and loads a hundred packages. */
const START_S = 90;
const STOP_MS = 20_000;
const PORT = 8123;
/** Name, user and password of the first user. */
export const OWNER = 'owner';

/** The integrations that these tests use, by themselves: `default_config:` would bring eighty. */
const BASE = `
homeassistant:
  name: Home
  time_zone: UTC
  packages: !include_dir_named packages
frontend:
config:
api:
diagnostics:
stream:
logger:
  default: warning
`;

/** What Home Assistant answers to a step of a config flow. */
export interface FlowResult {
  readonly type: 'form' | 'create_entry' | 'abort' | 'menu';
  readonly flow_id: string;
  readonly step_id?: string;
  readonly title?: string;
  readonly reason?: string;
  readonly errors?: Readonly<Record<string, string>> | null;
  readonly data_schema?: readonly {
    readonly name: string;
    readonly default?: unknown;
    readonly options?: readonly [string, string][];
    /** The fields of a section. */
    readonly schema?: readonly { readonly name: string }[];
  }[];
  readonly result?: { readonly entry_id: string; readonly state: string };
}

export interface State {
  readonly entity_id: string;
  readonly state: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

export interface HomeAssistantOptions {
  readonly venv: string;
  /** The machine it runs on. */
  readonly neighbour: Neighbour;
  /** That machine's address. */
  readonly address: string;
  /** More files of the configuration folder: text by path. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A real Home Assistant on another machine of the test's network, as a user has it after its first start. */
export class HomeAssistant {
  readonly url: string;
  readonly #dir = mkdtempSync(join(tmpdir(), 'homeassistant-'));
  readonly #options: HomeAssistantOptions;
  #process: ChildProcess | undefined;
  #log = '';
  #token = '';

  private constructor(options: HomeAssistantOptions) {
    this.#options = options;
    this.url = `http://${options.address}:${PORT}`;
    mkdirSync(join(this.#dir, 'packages'));
    this.write('configuration.yaml', BASE);
    for (const [path, text] of Object.entries(options.files ?? {})) this.write(path, text);
  }

  /** Starts it with a fresh configuration folder, makes the first user and answers its first questions. */
  static async start(options: HomeAssistantOptions): Promise<HomeAssistant> {
    const hass = new HomeAssistant(options);
    await hass.#run();
    await hass.#onboard();
    return hass;
  }

  /** What it printed: warnings and errors. */
  get log(): string {
    return this.#log;
  }

  /** A token of the owner. */
  get token(): string {
    return this.#token;
  }

  /** Writes a file of the configuration folder. */
  write(path: string, text: string): void {
    const file = join(this.#dir, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /** Where that file is. */
  path(path: string): string {
    return join(this.#dir, path);
  }

  /** Removes a file of the configuration folder. */
  removeFile(path: string): void {
    rmSync(join(this.#dir, path));
  }

  /** What its own check of the configuration says, with the files that it read. */
  async check(): Promise<string> {
    const child = this.#spawn(['--script', 'check_config', '--config', this.#dir, '--files']);
    let output = '';
    for (const stream of [child.stdout!, child.stderr!]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    await once(child, 'close');
    return stripVTControlCharacters(output);
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.url + path, { ...init, headers: { Authorization: `Bearer ${this.#token}`, ...init.headers } });
  }

  /** Sends JSON and gives JSON back. Throws for anything but 2xx. */
  async post<Answer>(path: string, body: unknown): Promise<Answer> {
    const answer = await this.fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as Answer;
  }

  /** Begins to add an integration, as its own page does. */
  begin(handler: string): Promise<FlowResult> {
    return this.post('/api/config/config_entries/flow', { handler, show_advanced_options: false });
  }

  /** Submits the form of a config flow. */
  submit(flow: FlowResult, data: Readonly<Record<string, unknown>>): Promise<FlowResult> {
    return this.post(`/api/config/config_entries/flow/${flow.flow_id}`, data);
  }

  /** Removes what a config flow made. */
  async remove(flow: FlowResult): Promise<void> {
    await this.fetch(`/api/config/config_entries/entry/${flow.result!.entry_id}`, { method: 'DELETE' });
  }

  /** Its version, as it says itself. */
  async version(): Promise<string> {
    return ((await (await this.fetch('/api/config')).json()) as { version: string }).version;
  }

  async states(): Promise<State[]> {
    return (await (await this.fetch('/api/states')).json()) as State[];
  }

  async state(entity: string): Promise<State | undefined> {
    return (await this.states()).find(({ entity_id }) => entity_id === entity);
  }

  call(service: string, data: Readonly<Record<string, unknown>>): Promise<unknown> {
    return this.post(`/api/services/${service.replace('.', '/')}`, data);
  }

  /** What a template gives: all that its registries know can be asked so. */
  async render(template: string): Promise<string> {
    const answer = await this.fetch('/api/template', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ template }),
    });
    return answer.text();
  }

  /** Lines of its log from `start` on that tell of an error in one of these integrations. */
  errors(integrations: readonly string[], start = 0): string[] {
    const ours = new RegExp(`ERROR .*\\[(homeassistant\\.components\\.)?(${integrations.join('|')})\\b`);
    return this.#log
      .slice(start)
      .split('\n')
      .filter((line) => ours.test(line));
  }

  async stop(): Promise<void> {
    const child = this.#process;
    if (child && child.exitCode === null && child.signalCode === null) {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      child.kill('SIGTERM');
      await once(child, 'close');
      clearTimeout(timer);
    }
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #spawn(args: readonly string[]): ChildProcess {
    // It does not outlive the test, however that ends.
    const program = ['setpriv', '--pdeathsig', 'KILL', join(this.#options.venv, 'bin/python'), '-m', 'homeassistant'];
    const [command, words] = this.#options.neighbour.command(...program, ...args);
    const { PATH = '' } = process.env;
    return spawn(command, words, { env: { PATH, HOME: this.#dir, LANG: 'C.UTF-8' }, cwd: this.#dir, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  async #run(): Promise<void> {
    // The network is closed, and everything is there.
    const child = this.#spawn(['-c', this.#dir, '--skip-pip']);
    this.#process = child;
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding('utf8').on('data', (text: string) => (this.#log += stripVTControlCharacters(text)));
    const answers = async () => {
      if (child.exitCode !== null) throw new Error(`Home Assistant ended:\n${this.#log}`);
      return await fetch(`${this.url}/api/onboarding`).then(
        (answer) => answer.ok,
        () => false,
      );
    };
    await eventually(answers, `Home Assistant answers:\n${this.#log}`, START_S);
  }

  /** The questions of the first start, answered as its own page does. */
  async #onboard(): Promise<void> {
    const client = `${this.url}/`;
    const owner = { client_id: client, name: OWNER, username: OWNER, password: OWNER, language: 'en' };
    const { auth_code } = await this.post<{ auth_code: string }>('/api/onboarding/users', owner);
    const body = new URLSearchParams({ client_id: client, grant_type: 'authorization_code', code: auth_code });
    const answer = await fetch(`${this.url}/auth/token`, { method: 'POST', body });
    this.#token = ((await answer.json()) as { access_token: string }).access_token;
    for (const step of ['core_config', 'analytics']) await this.post(`/api/onboarding/${step}`, {});
    await this.post('/api/onboarding/integration', { client_id: client, redirect_uri: `${client}?auth_callback=1` });
    await eventually(
      async () => ((await (await this.fetch('/api/config')).json()) as { state: string }).state === 'RUNNING',
      'it runs',
      START_S,
    );
  }
}
