import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Folder of the official schemas, which are not ours to hand on: ONVIF_SCHEMAS, or else `shared/onvif-schemas` beside the
 * checkout. In it are the .xsd files of ONVIF, OASIS and W3C, `driver.xsd` and `driver-wsd.xsd` that import them, and in
 * `original` the .wsdl and .xsd files as ONVIF publishes them.
 */
const FOLDER = process.env.ONVIF_SCHEMAS ?? join(import.meta.dirname, '../../../shared/onvif-schemas');

/** Path of a file or folder of the official schemas. */
export const schemaPath = (...name: string[]): string => join(FOLDER, ...name);

/** Why nothing can be compared with a file of the official schemas; undefined: it can. */
export const schemasMissing = (...name: string[]): string | undefined =>
  existsSync(schemaPath(...name))
    ? undefined
    : `needs ${name.join('/')} of the official schemas: https://www.onvif.org/profiles/specifications/ publishes them; ONVIF_SCHEMAS names their folder`;
