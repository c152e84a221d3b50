import { spawnSync } from 'node:child_process';
import { closeSync, constants, lstatSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Sensed } from '../../frames/sensed.ts';

/** mkfifo takes a millisecond; a card that hangs must not hang the camera. */
const MKFIFO_TIMEOUT_MS = 2000;
/** A line is some tens of characters. */
const MAX_LINE = 1024;

type Light = Extract<Sensed, { kind: 'light' }>;

/** Reads what `--metadata-format txt` writes: "Key=value" lines, an empty one behind each picture. Cut anywhere. */
export class MetadataReader {
  #rest = '';
  #values = new Map<string, number>();

  constructor(private readonly onLight: (light: Light) => void) {}

  push(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = (lines.pop() ?? '').slice(-MAX_LINE);
    for (const line of lines) this.#line(line);
  }

  #line(line: string): void {
    const [, key, value] = /^(Lux|ExposureTime|AnalogueGain|DigitalGain|FocusFoM)=([\d.eE+-]+)$/.exec(line.trim()) ?? [];
    if (key !== undefined) this.#values.set(key, Number(value));
    if (line.trim() !== '' || this.#values.size === 0) return;
    const time = this.#values.get('ExposureTime');
    const gain = (this.#values.get('AnalogueGain') ?? 1) * (this.#values.get('DigitalGain') ?? 1);
    const [lux, focus] = [finite(this.#values.get('Lux')), finite(this.#values.get('FocusFoM'))];
    this.onLight({ kind: 'light', lux, exposure: finite(time === undefined ? undefined : time * gain), focus });
    this.#values = new Map();
  }
}

const finite = (value: number | undefined) => (value !== undefined && Number.isFinite(value) ? value : undefined);

/**
 * The way by which rpicam-vid hands over what it knows of each picture: a named pipe, since it opens a file by its name, and
 * a socket, which Node gives to a program as a pipe, cannot be opened so.
 */
export class MetadataPipe {
  readonly #socket: Socket;

  /** @throws Error where there can be no such pipe: a file system without them, or a full disk */
  constructor(
    readonly path: string,
    onLight: (light: Light) => void,
  ) {
    // Opened for writing too: it then waits for no writer, and does not end with one.
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    try {
      const reader = new MetadataReader(onLight);
      this.#socket = new Socket({ fd, readable: true, writable: false });
      this.#socket.setEncoding('latin1');
      this.#socket.on('data', (text: string) => reader.push(text));
      this.#socket.on('error', () => {});
      this.#socket.unref();
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** The named pipe in a directory; made where there is none. @throws Error where it cannot be */
export function makeMetadataFifo(dir: string): string {
  const path = join(dir, 'metadata.fifo');
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there?.isFIFO() && there.uid === process.getuid?.()) return path;
  if (there) rmSync(path);
  const { status, error, stderr } = spawnSync('mkfifo', ['-m', '600', path], { encoding: 'utf8', timeout: MKFIFO_TIMEOUT_MS });
  if (error) throw error;
  if (status !== 0) throw new Error(stderr.trim());
  return path;
}
