import { SERVICE_VARIABLES } from '../platform/service/service-manager.ts';

/** Environment variables with secrets, which are kept from the programs that a command starts. */
export const SECRET_VARIABLES = ['ONVIF_CAMERA_PASSWORD', 'ONVIF_CAMERA_HOME_ASSISTANT_TOKEN', 'HASS_TOKEN'] as const;

/** Environment variables for this process alone, secret or not, which start.ts removes before programs inherit them. */
export const OWN_VARIABLES = [...SECRET_VARIABLES, ...SERVICE_VARIABLES] as const;

/** An input or output that may be a terminal. */
export type Terminal = NodeJS.ReadableStream & AsyncIterable<Buffer | string> & { readonly isTTY?: boolean | undefined };

/** What a command knows of its process; it is handed in, as only start.ts touches the process itself. */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The user's home directory. */
  readonly home: string;
  /** Version of the program, "1.2.3". */
  readonly version: string;
  /** Directory of the built page. */
  readonly webDir: string;
  /** Directory of the WSDL files. */
  readonly wsdlDir: string;
  /** Undefined: nobody can be asked. */
  readonly stdin?: Terminal | undefined;
  readonly stdout: {
    write(text: string | Uint8Array, done?: (error?: Error | null) => void): unknown;
    readonly isTTY?: boolean | undefined;
  };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean | undefined };
  /** Resolves to the name of the signal that asks the program to stop. */
  readonly stopRequested: Promise<string>;
  /** Hands uncaught errors to `act` from here on, instead of ending the program with them. */
  onFault(act: (error: unknown) => void): void;
  /** Calls `act` when the process ends, however it does. */
  onExit(act: () => void): void;
}
