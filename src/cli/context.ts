import { SERVICE_VARIABLES } from '../platform/service/service-manager.ts';

/** Variables that hold secrets: they are kept from the programs that a command starts. */
export const SECRET_VARIABLES = ['ONVIF_CAMERA_PASSWORD', 'ONVIF_CAMERA_HOME_ASSISTANT_TOKEN', 'HASS_TOKEN'] as const;

/** Variables that are ours alone, secret or not. */
export const OWN_VARIABLES = [...SECRET_VARIABLES, ...SERVICE_VARIABLES] as const;

/** An input or output that may be a terminal. */
export type Terminal = NodeJS.ReadableStream & AsyncIterable<Buffer | string> & { readonly isTTY?: boolean | undefined };

/** What a command gets from the outside; only start.ts knows the process. */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home directory. */
  readonly home: string;
  readonly version: string;
  /** Where the page's files are. */
  readonly webDir: string;
  /** Where the WSDL files are. */
  readonly wsdlDir: string;
  /** Undefined where nobody can be asked. */
  readonly stdin?: Terminal | undefined;
  readonly stdout: { write(text: string | Uint8Array): unknown; readonly isTTY?: boolean | undefined };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean | undefined };
  /** Resolves when the program is asked to stop, with the signal that did. */
  readonly stopRequested: Promise<string>;
  /** Hands errors that nobody caught to `act` from now on, in place of ending the program with them. */
  onFault(act: (error: unknown) => void): void;
  /** Calls `act` when the process ends, however it does. */
  onExit(act: () => void): void;
}
