import { startProbe } from 'node-onvif-ts';

export type Answers = Awaited<ReturnType<typeof startProbe>>;

/** Searches the network for ONVIF devices, for three seconds. */
export async function search(): Promise<Answers> {
  const log = console.log;
  // The library prints what it cannot read; standard output is for the cameras.
  console.log = () => {};
  try {
    return await startProbe();
  } finally {
    console.log = log;
  }
}
