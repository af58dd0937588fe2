import { AgentError } from '../../errors.js';
import { askedWords } from './job-options.js';
import type { SlurmCommands } from './slurm-commands.js';
import type { SlurmSettings } from './slurm-settings.js';

type Judge = Pick<SlurmCommands, 'judge'>;

/**
 * Has Slurm look at the operator's options, those of each queue together with those of all jobs.
 *
 * @returns a line for each key whose options Slurm takes no job for at present: a partition may be full or closed
 * @throws AgentError CONFIG_VALUE for options that sbatch does not know, COMMAND_MISSING
 */
export async function checkOptions(
  commands: Judge,
  settings: Pick<SlurmSettings, 'common' | 'partition' | 'queues' | 'memory'>,
): Promise<string[]> {
  const ofAll = await judged(commands, 'agent.slurm.options', words(settings, []));
  // Those of a queue would only say it again.
  if (ofAll !== undefined) return [ofAll];
  const lines: (string | undefined)[] = [];
  for (const [queue, ofQueue] of settings.queues)
    lines.push(await judged(commands, `agent.slurm.queues.${queue}`, words(settings, ofQueue)));
  return lines.filter((line) => line !== undefined);
}

function words(settings: Parameters<typeof checkOptions>[1], ofQueue: readonly string[]): string[] {
  return askedWords({ ...settings, ofQueue, ofTask: [] });
}

async function judged(commands: Judge, key: string, options: readonly string[]): Promise<string | undefined> {
  const { wrong, refused } = await commands.judge(options);
  if (wrong !== undefined)
    throw new AgentError('CONFIG_VALUE', `sbatch does not take the options of ${key}: ${wrong}`, {
      hint: `Correct ${key} ("man sbatch" lists the options).`,
    });
  return refused && `Slurm takes no job with ${key} at present: ${refused}`;
}
