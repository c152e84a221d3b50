import { AppError, EXIT } from '../core/errors.ts';
import { killPrograms } from '../core/process-group.ts';
import { visibleLines } from '../core/terminal.ts';
import { readArguments } from './arguments.ts';
import { isCommand, unknownCommand } from './commands.ts';
import type { Context } from './context.ts';
import { discover } from './discover.ts';
import { helpText } from './help.ts';
import { explainPermission } from './permission.ts';
import { serve } from './serve.ts';
import { snapshot } from './snapshot.ts';

export { SECRET_VARIABLES } from './context.ts';

/** Runs the command line and returns the exit code. Errors meant for the user are printed, others are thrown. */
export async function run(argv: readonly string[], context: Context): Promise<number> {
  context.onExit(killPrograms);
  try {
    const args = readArguments(argv);
    if (args.version && !args.help) {
      context.stdout.write(`${context.version}\n`);
      return EXIT.ok;
    }
    const { command } = args;
    if (!isCommand(command)) throw unknownCommand(command);
    if (args.help) {
      context.stdout.write(helpText(command));
      return EXIT.ok;
    }
    switch (command) {
      case 'serve':
        if (args.positionals.length > 0) throw new AppError('USAGE', `serve takes no "${args.positionals[0]}".`);
        return await serve(args, context);
      case 'snapshot':
        return await snapshot(args, context);
      case 'discover':
        return await discover(args, context);
      case 'homeassistant': {
        // Loaded here, so that the camera itself does without it.
        const { homeassistant } = await import('./homeassistant.ts');
        return await homeassistant(args, context);
      }
    }
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const lines = [`onvif-camera: ${error.message}`, explainPermission(error.cause), error.hint].filter((line) => line !== undefined);
    context.stderr.write(`${lines.map(visibleLines).join('\n')}\n`);
    return error.exitCode;
  }
}
