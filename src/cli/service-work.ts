import type { SystemdService } from '../platform/service/service.ts';
import type { Arguments } from './command.ts';
import type { Context } from './context.ts';

/** The machine that a service is installed on; tests give another one. */
export interface ServiceMachine {
  /** Root of the file system: "/". */
  readonly root: string;
  /** User that we run as; 0 is root. */
  readonly uid: number | undefined;
  /** Where the system's tools are looked up, as in PATH. */
  readonly searchPath: string;
  /** Directory in which the command was typed. */
  readonly cwd: string;
}

/** What every command of `service` works with. */
export interface ServiceWork {
  readonly service: SystemdService;
  readonly machine: ServiceMachine;
  readonly instance: string | undefined;
  readonly args: Arguments;
  readonly context: Context;
  readonly tell: (line: string) => void;
}
