import * as z from 'zod/mini';
import { AppError, messageOf } from '../core/errors.ts';
import { stripped } from '../core/terminal.ts';
import { readText } from './response-text.ts';

/** Longest wait for an answer. */
const ANSWER_TIMEOUT_MS = 10_000;
/** Longest wait for a step of a config flow, which tries two addresses for ten seconds each, twice (Basic, then Digest). */
const STEP_TIMEOUT_MS = 60_000;

const configSchema = z.object({ version: z.string(), location_name: z.string() });

const flowSchema = z.object({
  type: z.string(),
  flow_id: z.string(),
  step_id: z.nullish(z.string()),
  title: z.nullish(z.string()),
  reason: z.nullish(z.string()),
  errors: z.nullish(z.record(z.string(), z.string())),
  description_placeholders: z.nullish(z.record(z.string(), z.unknown())),
});

/** The state of a config flow: its `type` is "form" for one to fill in, "create_entry" or "abort". */
export type Flow = z.infer<typeof flowSchema>;

/** What {@link HomeAssistantApi} takes. */
export interface HomeAssistantOptions {
  /** "http://homeassistant.local:8123" */
  readonly url: URL;
  /** A long-lived access token of an administrator. */
  readonly token: string;
  /** Ends every request. */
  readonly signal: AbortSignal;
}

/**
 * The part of Home Assistant's HTTP API that adds an integration. Every method rejects with an AppError, or with the reason of
 * `signal`.
 */
export class HomeAssistantApi {
  constructor(private readonly options: HomeAssistantOptions) {}

  /** Resolves to the version of Home Assistant, such as "2025.4.4". */
  async version(): Promise<string> {
    const answer = await this.#ask('GET', '/api/config');
    const config = configSchema.safeParse(answer.json);
    if (!answer.ok || !config.success) throw this.#notHomeAssistant(answer.status);
    return stripped(config.data.version);
  }

  /** Begins to add an integration. @param handler its name: "mjpeg" */
  begin(handler: string): Promise<Flow> {
    return this.#flow('/api/config/config_entries/flow', { handler });
  }

  /** Fills in the form that a flow shows. @param data by key of the form */
  submit(flow: Flow, data: Readonly<Record<string, unknown>>): Promise<Flow> {
    return this.#flow(`/api/config/config_entries/flow/${encodeURIComponent(flow.flow_id)}`, data);
  }

  /** Abandons a flow, so that it does not wait in Home Assistant's page for ever. */
  async abandon(flow: Flow): Promise<void> {
    await this.#ask('DELETE', `/api/config/config_entries/flow/${encodeURIComponent(flow.flow_id)}`);
  }

  async #flow(path: string, body: unknown): Promise<Flow> {
    const answer = await this.#ask('POST', path, body);
    const flow = flowSchema.safeParse(answer.json);
    if (answer.ok && flow.success) return flow.data;
    const said = z.object({ message: z.string() }).safeParse(answer.json);
    const words = said.success ? stripped(said.data.message) : `status ${answer.status}`;
    throw new AppError('HOME_ASSISTANT_REFUSED', `Home Assistant refused: ${words}`);
  }

  async #ask(method: string, path: string, body?: unknown): Promise<{ ok: boolean; status: number; json: unknown }> {
    const { url, token, signal } = this.options;
    const timeout = AbortSignal.timeout(method === 'POST' ? STEP_TIMEOUT_MS : ANSWER_TIMEOUT_MS);
    let answer: Response;
    let text: string;
    try {
      answer = await fetch(url.origin + path, {
        method,
        headers: { Authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // Redirects are not followed: the token is for this address alone.
        redirect: 'manual',
        signal: AbortSignal.any([signal, timeout]),
      });
      text = await readText(answer);
    } catch (error) {
      signal.throwIfAborted();
      throw new AppError('HOME_ASSISTANT_UNREACHABLE', `${url.origin} does not answer: ${reasonOf(error)}`, { cause: error });
    }
    if (answer.status === 401)
      throw new AppError(
        'HOME_ASSISTANT_TOKEN',
        `Home Assistant at ${url.origin} does not take this token, or it is not an administrator's.`,
      );
    const target = answer.headers.get('location');
    if (answer.status >= 300 && answer.status < 400 && target !== null)
      throw new AppError('HOME_ASSISTANT_UNREACHABLE', `${url.origin} sends on to ${stripped(target)}.`, {
        hint: 'Give that address with --url.',
      });
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      // The callers check the answer by a schema.
    }
    return { ok: answer.ok, status: answer.status, json };
  }

  #notHomeAssistant(status: number): AppError {
    return new AppError(
      'HOME_ASSISTANT_UNREACHABLE',
      `What answers at ${this.options.url.origin} is not Home Assistant (status ${status}).`,
    );
  }
}

/** Returns the reason behind "fetch failed". */
function reasonOf(error: unknown): string {
  const { cause } = error as { cause?: unknown };
  const message = messageOf(cause ?? error);
  // Where several addresses were tried, only the code says why.
  return message === '' ? String((cause as { code?: unknown } | undefined)?.code) : message;
}
