import { COMMANDS } from '../../src/cli/commands/index.ts';
import { bashCompletion, zshCompletion } from './completion.ts';
import { manualPage } from './manual.ts';

/** Returns the manual and the completions of a version. @param time seconds since the Unix epoch */
export const shellFiles = (version: string, time: number) => ({
  manual: manualPage(COMMANDS, version, time),
  bash: bashCompletion(COMMANDS),
  zsh: zshCompletion(COMMANDS),
});
