import test from 'ava';
import { checkOptions } from '../../../../src/drivers/slurm/options-check.js';

const SETTINGS = {
  common: ['--account=lab'],
  partition: 'main',
  queues: new Map([
    ['small', ['--time=10']],
    ['large', ['--mem=900G']],
  ]),
  memory: '4G',
};

/** A Slurm that says something about the options with one word. */
function judge(about: string, said: { wrong?: string; refused?: string }) {
  const asked: string[] = [];
  const commands = {
    judge: async (options: readonly string[]) => {
      asked.push(options.join(' '));
      return options.includes(about) ? said : {};
    },
  };
  return { commands, asked };
}

test('the options of a queue are looked at together with those of all jobs', async (t) => {
  const { commands, asked } = judge('--mem=900G', { refused: 'no such node' });
  const lines = await checkOptions(commands, SETTINGS);
  t.deepEqual(asked, [
    '--account=lab --partition=main --mem=4G',
    '--account=lab --partition=main --time=10 --mem=4G',
    '--account=lab --partition=main --mem=900G',
  ]);
  t.deepEqual(lines, ['Slurm takes no job with agent.slurm.queues.large at present: no such node']);
});

test('options of all jobs that are refused are told once, not for each queue', async (t) => {
  const { commands, asked } = judge('--account=lab', { refused: 'no account' });
  t.deepEqual(await checkOptions(commands, SETTINGS), [
    'Slurm takes no job with agent.slurm.options at present: no account',
  ]);
  t.is(asked.length, 1);
});

test('options that sbatch cannot read end the daemon with the key that has them', async (t) => {
  const { commands } = judge('--time=10', { wrong: 'Invalid --time specification' });
  await t.throwsAsync(checkOptions(commands, SETTINGS), {
    code: 'CONFIG_VALUE',
    message: 'sbatch does not take the options of agent.slurm.queues.small: Invalid --time specification',
  } as never);
});
