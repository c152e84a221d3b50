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
  /** Keys of the settings that the owner set; changes by clients, which persist, do not override these. */
  readonly explicit: ReadonlySet<string>;
  /** What `config.camera.source` says. */
  readonly spec: SourceSpec;
  /** What persists in `dataDir`. */
  readonly state: StateStore;
  readonly dataDir: string;
  /** Which of several cameras of this machine it is (`--camera`), undefined where there is one. */
  readonly instance: string | undefined;
  /** Sockets that the service manager opened, which servers use instead of opening their own. */
  readonly sockets: InheritedSockets;
  /** Whether to serve without the camera that was chosen, until it is there; else {@link App.start} throws. */
  readonly waitsForCamera: boolean;
  readonly webDir: string;
  /** Where used ONVIF logins are remembered; shared by all apps that follow each other in one process. */
  readonly usedTokens: UsedTokensStore;
  /** Where the WSDL files are. */
  readonly wsdlDir: string;
  readonly version: string;
  /** Where programs are looked up, as in PATH. */
  readonly searchPath: string;
  /** Root of sysfs, "/sys". */
  readonly sysfs: string;
  /** Root of the devices, "/dev". */
  readonly dev: string;
  /** Password of `admin` from the environment; it beats the stored one and is not stored. */
  readonly password: string | undefined;
  /** Errors nobody expected, since the start. */
  readonly faults: () => number;
  readonly clock: Clock;
  readonly log: Logger;
}
