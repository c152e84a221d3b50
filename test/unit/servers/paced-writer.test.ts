import type { Socket } from 'node:net';
import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { PacedWriter } from '../../../src/servers/paced-writer.ts';

/** A connection of which the test says when what waits in its stream is taken. */
class FakeSocket {
  destroyed = false;
  writable = true;
  writableLength = 0;
  /** The kernel takes nothing at once. */
  full = false;
  readonly written: Buffer[] = [];
  readonly #calls: ((error?: Error | null) => void)[] = [];

  write(bytes: Buffer | '', call?: (error?: Error | null) => void): boolean {
    if (bytes !== '') {
      this.written.push(bytes);
      if (this.full) this.writableLength += bytes.length;
    }
    if (call) this.#calls.push(call);
    return true;
  }

  /** The kernel takes all; calls what waits for that. */
  drain(error?: Error): void {
    this.writableLength = 0;
    for (const call of this.#calls.splice(0)) call(error);
  }
}

/** Says how much may be given. */
class FakePace {
  left = Number.POSITIVE_INFINITY;
  given = 0;
  call: (() => void) | undefined;
  capacity = () => Math.max(0, this.left);
  whenReady = (call: () => void) => (this.call = call);
  gave = (bytes: number) => {
    this.given += bytes;
    this.left -= bytes;
  };
  makeRoom(bytes: number): void {
    const { call } = this;
    this.left = bytes;
    this.call = undefined;
    call?.();
  }
}

const picture = (length: number, seed = 0) => Buffer.from(Uint8Array.from({ length }, (_, at) => (at * 31 + seed) & 0xff));
let socket: FakeSocket;
let pace: FakePace;
let done: number;
let writer: PacedWriter;

beforeEach(() => {
  socket = new FakeSocket();
  pace = new FakePace();
  done = 0;
  writer = new PacedWriter({ socket: socket as unknown as Socket, pace, onWritten: () => done++ });
});

describe('PacedWriter', () => {
  test('gives a picture whole, and as it is, where there is room', () => {
    const bytes = picture(75_000);
    expect(writer.write(bytes)).toBe(true);
    expect(socket.written[0]).toBe(bytes);
    expect([pace.given, writer.waiting, done]).toEqual([75_000, 0, 0]);
  });

  test('and so without a pace', () => {
    const plain = new PacedWriter({ socket: socket as unknown as Socket, pace: undefined, onWritten: () => done++ });
    const bytes = picture(75_000);
    expect(plain.write(bytes)).toBe(true);
    expect(socket.written[0]).toBe(bytes);
  });

  test('gives slices as there is room, of the one buffer, and tells when the last one is taken', () => {
    const bytes = picture(30_000);
    pace.left = 12_000;
    expect(writer.write(bytes)).toBe(false);
    expect(writer.waiting).toBe(18_000);
    pace.makeRoom(12_000);
    expect(writer.waiting).toBe(6000);
    socket.drain();
    expect(done).toBe(0);
    pace.makeRoom(4000);
    // A rest of less than two packets goes along.
    expect(writer.waiting).toBe(0);
    socket.drain();
    expect(done).toBe(1);
    expect(Buffer.concat(socket.written)).toEqual(bytes);
    for (const slice of socket.written) expect(slice.buffer).toBe(bytes.buffer);
  });

  test('a slice that the kernel does not take is waited for', () => {
    pace.left = 10_000;
    socket.full = true;
    writer.write(picture(100_000));
    expect([socket.written.length, pace.call]).toEqual([1, undefined]);
    socket.drain();
    expect(pace.call).toBeDefined();
    pace.makeRoom(10_000);
    expect(socket.written.length).toBe(2);
  });

  test('what a viewer did not get goes with him', () => {
    pace.left = 10_000;
    writer.write(picture(100_000));
    socket.destroyed = true;
    pace.makeRoom(1_000_000);
    writer.flush();
    expect(socket.written.length).toBe(1);
  });

  test('whatever the room is, everything comes, once, in its order, and each picture is told of', () => {
    const step = fc.oneof(
      fc.record({ write: fc.integer({ min: 1, max: 60_000 }) }),
      fc.record({ room: fc.integer({ min: 0, max: 30_000 }) }),
      fc.record({ drain: fc.constant(true) }),
      fc.record({ full: fc.boolean() }),
      fc.record({ flush: fc.constant(true) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        socket = new FakeSocket();
        pace = new FakePace();
        const told: number[] = [];
        const made = new PacedWriter({ socket: socket as unknown as Socket, pace, onWritten: () => told.push(1) });
        const pictures: Buffer[] = [];
        let atOnce = 0;
        for (const each of steps) {
          if ('write' in each) {
            pictures.push(picture(each.write, pictures.length));
            if (made.write(pictures.at(-1)!)) atOnce++;
          } else if ('room' in each) pace.makeRoom(each.room);
          else if ('drain' in each) socket.drain();
          else if ('full' in each) socket.full = each.full;
          else made.flush();
        }
        for (let count = 0; count < 1000 && made.waiting > 0; count++) {
          pace.makeRoom(10_000);
          socket.drain();
        }
        socket.drain();
        expect(Buffer.concat(socket.written)).toEqual(Buffer.concat(pictures));
        expect(pace.given).toBe(Buffer.concat(pictures).length);
        expect(told.length + atOnce).toBe(pictures.length);
      }),
      { numRuns: 50 },
    );
  });
});
