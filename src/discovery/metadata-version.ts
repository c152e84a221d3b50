import { createHash } from 'node:crypto';

/** What is kept of the camera's description, to know when it changes. */
export interface Metadata {
  /** Rises with every change, never falls (WS-Discovery, section 4.1). */
  readonly version: number;
  readonly fingerprint: string;
}

/** The metadata of `description` (types, scopes, XAddrs): what was stored if nothing changed, else the next version. */
export function nextMetadata(stored: Metadata | undefined, description: readonly string[]): Metadata {
  const fingerprint = createHash('sha256').update(JSON.stringify(description)).digest('base64url');
  return stored?.fingerprint === fingerprint ? stored : { version: (stored?.version ?? 0) + 1, fingerprint };
}
