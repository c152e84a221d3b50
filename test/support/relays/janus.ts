import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { Neighbour } from '../network/neighbour.ts';
import { eventually } from '../server.ts';

const HTTP_PORT = 8088;

/** What Janus tells of a stream to somebody who lists them, or asks for its details. */
export interface JanusAnswer {
  readonly plugindata?: { readonly data?: { readonly list?: readonly JanusStream[]; readonly info?: Record<string, unknown> } };
}
interface JanusStream {
  readonly id: number;
  readonly description: string;
  /** Milliseconds since the last packet. */
  readonly media: readonly { readonly type: string; readonly age_ms?: number }[];
}

/** The relay Janus on another machine, set up by one file of ours. */
export class Janus {
  readonly #dir = mkdtempSync(join(tmpdir(), 'onvif-camera-janus-'));
  readonly #process: ChildProcess;
  #output = '';

  private constructor(
    private readonly address: string,
    neighbour: Neighbour,
    streaming: string,
  ) {
    const file = (name: string, text: string) => writeFileSync(join(this.#dir, name), text);
    file('janus.plugin.streaming.jcfg', streaming);
    file('janus.jcfg', 'general: { debug_level = 4 }\nplugins: { disable = "libjanus_recordplay.so" }\n');
    file('janus.transport.http.jcfg', `general: { http = true, port = ${HTTP_PORT}, base_path = "/janus" }\n`);
    const [command, args] = neighbour.command('janus', '--configs-folder', this.#dir, '--disable-colors');
    this.#process = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process.on('error', (error) => (this.#output += error.message));
    for (const stream of [this.#process.stdout!, this.#process.stderr!]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
  }

  /**
   * Starts it and waits until it answers.
   * @param address of the other machine
   * @param streaming text of janus.plugin.streaming.jcfg
   */
  static async start(neighbour: Neighbour, address: string, streaming: string): Promise<Janus> {
    const janus = new Janus(address, neighbour, streaming);
    const answers = () =>
      fetch(`${janus.url}/info`).then(
        ({ ok }) => ok,
        () => false,
      );
    try {
      await eventually(answers, 'Janus answers', 30);
    } catch (error) {
      await janus.stop();
      throw new Error(`${(error as Error).message}:\n${janus.#output}`);
    }
    return janus;
  }

  /** "http://10.88.0.2:8088/janus" */
  get url(): string {
    return `http://${this.address}:${HTTP_PORT}/janus`;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGKILL');
      await once(this.#process, 'exit');
    }
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Asks the plugin that has the streams, as a client without any secret. */
  async ask(request: object): Promise<JanusAnswer> {
    const post = async (path: string, message: object) =>
      (await (
        await fetch(this.url + path, { method: 'POST', body: JSON.stringify({ transaction: 'x', ...message }) })
      ).json()) as JanusAnswer & {
        data: { id: number };
      };
    const session = (await post('', { janus: 'create' })).data.id;
    const handle = (await post(`/${session}`, { janus: 'attach', plugin: 'janus.plugin.streaming' })).data.id;
    const answer = await post(`/${session}/${handle}`, { janus: 'message', body: request });
    await post(`/${session}`, { janus: 'destroy' });
    return answer;
  }

  /** Lets a browser play stream 1 by WebRTC; resolves with its size and the pictures that were shown, once there are `count`. */
  async play(page: Page, count: number): Promise<{ size: string; pictures: number }> {
    await page.goto(`${this.url}/info`);
    return page.evaluate(viewer, count);
  }
}

/** Runs in the page, which comes from Janus itself. */
async function viewer(count: number): Promise<{ size: string; pictures: number }> {
  type Message = { data: { id: number }; jsep?: RTCSessionDescriptionInit };
  const post = async (path: string, message: object) =>
    (await (
      await fetch(`/janus${path}`, { method: 'POST', body: JSON.stringify({ transaction: String(Math.random()), ...message }) })
    ).json()) as Message;
  const session = (await post('', { janus: 'create' })).data.id;
  const handle = (await post(`/${session}`, { janus: 'attach', plugin: 'janus.plugin.streaming' })).data.id;
  await post(`/${session}/${handle}`, { janus: 'message', body: { request: 'watch', id: 1 } });
  let offer: RTCSessionDescriptionInit | undefined;
  while (!offer) offer = ((await (await fetch(`/janus/${session}?rid=${Date.now()}`)).json()) as Message).jsep;

  const connection = new RTCPeerConnection();
  const video = document.createElement('video');
  video.muted = true;
  connection.ontrack = ({ track }) => {
    video.srcObject = new MediaStream([track]);
    void video.play();
  };
  await connection.setRemoteDescription(offer);
  await connection.setLocalDescription(await connection.createAnswer());
  const gathered = new Promise<void>((resolve) => {
    connection.onicegatheringstatechange = () => connection.iceGatheringState === 'complete' && resolve();
  });
  if (connection.iceGatheringState !== 'complete') await gathered;
  await post(`/${session}/${handle}`, { janus: 'message', body: { request: 'start' }, jsep: connection.localDescription });

  let pictures = 0;
  await new Promise<void>((resolve) => {
    const shown = () => {
      pictures++;
      if (pictures >= count) resolve();
      else video.requestVideoFrameCallback(shown);
    };
    video.requestVideoFrameCallback(shown);
  });
  return { size: `${video.videoWidth}x${video.videoHeight}`, pictures };
}
