import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';

const made: string[] = [];

// Runs before the afterEach() of the test's own file, as it is defined first: what writes there has to end within the test.
afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});

/** A new empty directory, removed when the test is over. */
export function makeTempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'onvif-camera-test-'));
  made.push(dir);
  return dir;
}
