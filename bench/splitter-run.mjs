// Runs the splitter alone, in a process of its own: node splitter-run.mjs SPLITTER MEMORY SET, the first two
// being modules. Prints bytes per CPU second.
import { readPictures } from './tools.mjs';

/** What one read from a pipe gives at most. */
const CHUNK_BYTES = 64 * 1024;
const WARM_UP_MS = 500;
const RUN_MS = 1500;

const [splitterPath, memoryPath, set] = process.argv.slice(2);
const { countBuffer, tuneV8, usedFromNowOn } = await import(memoryPath);
tuneV8(process.env.ONVIF_CAMERA_PLAIN_V8);
const { JpegSplitter } = await import(splitterPath);
usedFromNowOn();

const pictures = readPictures(set);
const stream = Buffer.concat(pictures);
const chunks = [];
for (let at = 0; at < stream.length; at += CHUNK_BYTES) chunks.push(stream.subarray(at, at + CHUNK_BYTES));

let delivered = 0;
const splitter = new JpegSplitter(({ room }) => {
  delivered++;
  countBuffer(room.length);
});
const runFor = (ms) => {
  const end = performance.now() + ms;
  let rounds = 0;
  for (; performance.now() < end; rounds++) for (const chunk of chunks) splitter.push(chunk);
  return rounds;
};
runFor(WARM_UP_MS);
const cpu = process.cpuUsage();
const deliveredBefore = delivered;
const rounds = runFor(RUN_MS);
const { user, system } = process.cpuUsage(cpu);
if (delivered - deliveredBefore !== rounds * pictures.length) throw new Error('the splitter lost pictures');
process.stdout.write(String((rounds * stream.length * 1e6) / (user + system)));
