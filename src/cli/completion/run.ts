import { AgentError } from '../../errors.js';
import type { CommandContext } from '../command.js';
import { bashScript } from './bash.js';
import { fishScript } from './fish.js';
import { type CompletionModel, completionModel } from './model.js';
import { zshScript } from './zsh.js';

const SHELLS = new Map<string, (model: CompletionModel) => string>([
  ['bash', bashScript],
  ['zsh', zshScript],
  ['fish', fishScript],
]);

/** `agent completion <shell>` */
export async function runCompletion({ positionals, commands, stdout }: CommandContext): Promise<number> {
  const [shell = ''] = positionals;
  const script = SHELLS.get(shell);
  if (script === undefined) {
    throw new AgentError('USAGE', `completion takes one of ${[...SHELLS.keys()].join(', ')}, got "${shell}"`);
  }
  stdout.write(script(completionModel(commands)));
  return 0;
}
