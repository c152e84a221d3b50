import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PASSWORD, type Server } from '../server.ts';

const RELAYS = join(import.meta.dirname, '../../../deploy/relays');

/** What stands in the files, and is another thing here. */
const CAMERA = '192.168.1.50';

export interface Place {
  /** Address of the camera. */
  readonly host: string;
  readonly server: Server;
  /** How the password is written: as it is, or with its special characters encoded, as in an address. */
  readonly encode: (password: string) => string;
}

/** A file of deploy/relays, with what a user has to put in. Throws where it has nothing to be put in. */
export function relayFile(name: string, { host, server, encode }: Place): string {
  const text = readFileSync(join(RELAYS, name), 'utf8');
  if (!text.includes(`${CAMERA}:8554`) || !text.includes('PASSWORD')) throw new Error(`${name} does not lead to a camera`);
  return text
    .replaceAll(`${CAMERA}:8554`, `${host}:${server.rtspPort}`)
    .replaceAll(`${CAMERA}:8080`, `${host}:${server.port}`)
    .replaceAll('PASSWORD', encode(PASSWORD));
}
