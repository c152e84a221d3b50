// A program that says it is a camera and has the faults that a fuzzer is to find. WEAK_CAMERA names one of them:
// "ends" at a chunked body, "works" for more than a second over a Range, "hoards" descriptors over each HEAD.
import { openSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

const dataDir = process.argv[process.argv.indexOf('--data-dir') + 1];
const fault = process.env.WEAK_CAMERA;

const server = createServer((request, response) => {
  if (fault === 'ends' && request.headers['transfer-encoding'] !== undefined) process.exit(3);
  if (fault === 'works' && request.headers.range !== undefined) {
    const until = performance.now() + 1300;
    while (performance.now() < until);
  }
  if (fault === 'hoards' && request.method === 'HEAD') for (let k = 0; k < 8; k++) openSync('/dev/null', 'r');
  request.resume();
  response.end('{}');
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  writeFileSync(join(dataDir, 'server.json'), JSON.stringify({ url: `http://127.0.0.1:${port}`, rtspPort: port }));
});
