import type { Config } from '../../config/config.js';
import { stateFolder } from '../../os/paths.js';
import { livingDaemons, type RegisteredDaemon } from '../../runs/registry.js';
import { type CommandContext, warnerOf } from '../command.js';
import { identityOf } from '../identity.js';
import { configFlags, sessionConfig, textList } from '../session.js';
import { chooseDaemon } from './choose-daemon.js';
import { unservedLine } from './unserved-queues.js';

/** The daemons that a command is about. */
export interface NamedDaemons {
  say(line: string): void;
  /** State folder of the agents of this user. */
  state: string;
  config: Config;
  /** All that run. */
  living: readonly RegisteredDaemon[];
  /** Those that were asked for, in that order; `undefined` for one that does not run, which was said. */
  found: readonly (RegisteredDaemon | undefined)[];
}

/** The daemons with the ids that a flag names; without ids, the one that the same flags would have started. */
export async function namedDaemons(context: CommandContext, flag: 'stop' | 'resume'): Promise<NamedDaemons> {
  const state = stateFolder(context.env, context.home);
  const living = await livingDaemons(state, warnerOf(context));
  const wanted = textList(context.options[flag]);
  const config = sessionConfig(context, configFlags(context.options));
  const identity = identityOf(context, config);
  const say = (line: string) => void context.stdout.write(`${line}\n`);
  const found =
    wanted.length > 0
      ? wanted.map((id) => living.find((one) => one.workerId === id))
      : [chooseDaemon(living, identity)];
  for (const [index, daemon] of found.entries()) {
    if (daemon !== undefined) {
      const unserved = unservedLine(textList(context.options.queue), daemon);
      if (unserved !== undefined) say(unserved);
      continue;
    }
    const id = wanted[index] ?? identity.id;
    const asked = `worker_name=${identity.name}${id === undefined ? '' : ` worker_id=${id}`}`;
    say(`Could not find a running clearml-agent instance with ${asked}${others(living)}`);
  }
  return { say, state, config, living, found };
}

function others(living: readonly RegisteredDaemon[]): string {
  if (living.length === 0) return '; no agent runs on this machine';
  return `; running: ${living.map((one) => one.workerId).join(', ')}`;
}
