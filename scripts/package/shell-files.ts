import { COMMANDS } from '../../src/cli/commands/index.ts';
import { bashCompletion, zshCompletion } from './completion.ts';
import { manualPage } from './manual.ts';

/** The manual and the completions of this version: what a shell wants to know of the program. */
export const shellFiles = (version: string, time: number) => ({
  manual: manualPage(COMMANDS, version, time),
  bash: bashCompletion(COMMANDS),
  zsh: zshCompletion(COMMANDS),
});
