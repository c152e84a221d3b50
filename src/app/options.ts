import type { UsedTokensStore } from '../auth/used-tokens.ts';
import type { SourceSpec } from '../camera/source-spec.ts';
import type { Config } from '../config/schema.ts';
import type { StateStore } from '../config/state.ts';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/log.ts';
import type { InheritedSockets } from '../platform/service/inherited-sockets.ts';

/** What the program is started with. */
export interface AppOptions {
  readonly config: Config;
  /** Keys of the settings that the owner set, "camera.width": what clients change, and the state keeps, does not override these. */
  readonly explicit: ReadonlySet<string>;
  /** `config.camera.source`, parsed. */
  readonly spec: SourceSpec;
  /** The state that is kept in `dataDir`. */
  readonly state: StateStore;
  /** Directory of the state, the run file, and files for the capture program. */
  readonly dataDir: string;
  /** Name of this camera among several of the machine (`--camera`); undefined: it has none. */
  readonly instance: string | undefined;
  /** Sockets that the service manager opened, which the servers use instead of opening their own. */
  readonly sockets: InheritedSockets;
  /** Whether to serve without the chosen camera until it is there; else {@link App.start} rejects. */
  readonly waitsForCamera: boolean;
  /** Directory of the built page. */
  readonly webDir: string;
  /** Keeps the used ONVIF logins; shared by all apps that follow each other in one process. */
  readonly usedTokens: UsedTokensStore;
  /** Directory of the WSDL files. */
  readonly wsdlDir: string;
  /** Version of the program, "1.2.3". */
  readonly version: string;
  /** Directories in which programs are looked up, as in PATH. */
  readonly searchPath: string;
  /** Root of sysfs, "/sys". */
  readonly sysfs: string;
  /** Root of the devices, "/dev". */
  readonly dev: string;
  /** Password of `admin` from the environment; it beats the stored one and is not stored. */
  readonly password: string | undefined;
  /** Called with a password that was made for `admin`, as at the first start, when it is kept: nobody is told of it by anything else. */
  readonly onNewPassword: (password: string) => void;
  /** Returns the number of unexpected errors since the start. */
  readonly faults: () => number;
  readonly clock: Clock;
  readonly log: Logger;
}
