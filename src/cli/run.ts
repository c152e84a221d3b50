import { AppError, ERRORS, EXIT } from '../core/errors.ts';
import { visibleLines } from '../core/terminal.ts';
import { killPrograms } from '../platform/process-group.ts';
import { readArguments } from './arguments.ts';
import { isGroup } from './command.ts';
import { findCommand, hintAt } from './commands/index.ts';
import type { Context } from './context.ts';
import { helpText } from './help.ts';
import { explainPermission } from './permission.ts';

export { OWN_VARIABLES } from './context.ts';

/** Runs a command line, and resolves to the exit code. AppErrors are printed; others make it reject. */
export async function run(argv: readonly string[], context: Context): Promise<number> {
  context.onExit(killPrograms);
  try {
    const args = readArguments(argv);
    if (args.version && !args.help) {
      context.stdout.write(`${context.version}\n`);
      return EXIT.ok;
    }
    const { command, path } = findCommand(args.command.split(' '));
    if (args.help || isGroup(command)) {
      context.stdout.write(helpText(command, path));
      return EXIT.ok;
    }
    const handle = await command.load();
    return await handle(args, context).catch((error: unknown) => {
      throw error instanceof AppError && error.code === 'USAGE' && error.hint === ERRORS.USAGE.hint
        ? new AppError('USAGE', error.message, { hint: hintAt(path), cause: error.cause })
        : error;
    });
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const lines = [`onvif-camera: ${error.message}`, explainPermission(error.cause), error.hint].filter((line) => line !== undefined);
    context.stderr.write(`${lines.map(visibleLines).join('\n')}\n`);
    return error.exitCode;
  }
}
