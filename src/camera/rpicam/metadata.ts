import { spawnSync } from 'node:child_process';
import { closeSync, constants, lstatSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Sensed } from '../../frames/sensed.ts';

/** Time for mkfifo, milliseconds: it takes one, but a card that hangs must not hang the camera. */
const MKFIFO_TIMEOUT_MS = 2000;
/** Most characters of an unfinished line that are kept: a line has some tens. */
const MAX_LINE = 1024;

type Light = Extract<Sensed, { kind: 'light' }>;

/** Reads what `--metadata-format txt` writes: "Key=value" lines, and an empty one behind each picture. */
export class MetadataReader {
  #rest = '';
  #values = new Map<string, number>();

  constructor(private readonly onLight: (light: Light) => void) {}

  /** Takes the next piece of the text, cut anywhere. Never throws. */
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
 * Reads what rpicam-vid knows of each picture from a named pipe: it opens a file by its name, which the sockets that Node gives to
 * a program as pipes do not allow.
 */
export class MetadataPipe {
  readonly #socket: Socket;

  /**
   * @param path of the pipe; see {@link makeMetadataFifo}
   * @param onLight called for each picture
   * @throws Error where the pipe cannot be opened
   */
  constructor(
    readonly path: string,
    onLight: (light: Light) => void,
  ) {
    // Open for writing too, it waits for no writer and does not end with one.
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

  /** Stops reading. */
  close(): void {
    this.#socket.destroy();
  }
}

/**
 * Returns the path of the named pipe in a directory, which is made where there is none. @throws Error where it cannot be: a file
 * system without pipes, or a full disk
 */
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
