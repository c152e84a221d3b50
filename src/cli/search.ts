import { startProbe } from 'node-onvif-ts';

/** The answers to a search, as the library returns them: of strangers, and unchecked. */
export type Answers = Awaited<ReturnType<typeof startProbe>>;

/** Time for which the library listens after it has begun to ask; it has no option for that. */
export const LIBRARY_LISTENS_MS = 3000;

/**
 * Searches the network for ONVIF devices by WS-Discovery. One search at a time: the library keeps its state in one place.
 * @param ms time to listen, ms
 */
export async function search(ms: number): Promise<Answers> {
  const { log } = console;
  const { setTimeout } = globalThis;
  const timers = new Set<NodeJS.Timeout>();
  // The library prints what it cannot read; standard output is for the cameras.
  console.log = () => {};
  globalThis.setTimeout = ((act: () => void, delay?: number) => {
    const timer = setTimeout(act, delay === LIBRARY_LISTENS_MS ? ms : delay);
    timers.add(timer);
    return timer;
  }) as typeof globalThis.setTimeout;
  try {
    return await startProbe();
  } finally {
    globalThis.setTimeout = setTimeout;
    console.log = log;
    // The library would go on asking with a socket that it has closed.
    for (const timer of timers) clearTimeout(timer);
  }
}
