import type { CommandContext } from '../command.js';
import { resumeDaemon } from '../daemon/resume-daemons.js';
import { chosenDaemons } from '../running-daemons.js';

/**
 * `agent resume`: takes a pause or a drain back.
 *
 * @returns 1 where one ends already
 */
export async function runResume(context: CommandContext): Promise<number> {
  const { state, daemons } = await chosenDaemons(context, true);
  const say = (line: string) => void context.stdout.write(`${line}\n`);
  let refused = false;
  for (const daemon of daemons) {
    const taken = await resumeDaemon({ state, daemon, cause: 'agent resume', say });
    refused ||= !taken;
  }
  return refused ? 1 : 0;
}
