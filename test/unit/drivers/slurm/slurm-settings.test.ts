import test from 'ava';
import { slurmModule } from '../../../../src/drivers/slurm/module.js';
import { slurmSettings } from '../../../../src/drivers/slurm/slurm-settings.js';
import { caseConfig } from '../../../support/case-config.js';

const settings = (keys: Parameters<typeof caseConfig>[0], partition?: string) =>
  slurmSettings(caseConfig(keys), '/home/u', partition);

test('without keys the folders are in the home folder, and a job has an amount of memory', (t) => {
  const { shared, folders, memory, queues, common } = settings({});
  t.is(shared, '/home/u/.clearml/slurm');
  t.is(folders.get('agent.venvs_dir'), '/home/u/.clearml/venvs-builds');
  t.deepEqual({ memory, common, queues: queues.size }, { memory: '4G', common: [], queues: 0 });
});

test('options of a queue are a list, or words as a shell reads them', (t) => {
  const { queues } = settings({
    'agent.slurm.queues': { a: ['--partition=gpu', '--gpus=1'], b: '--qos=low --time="1-0"' },
  });
  t.deepEqual(queues.get('a'), ['--partition=gpu', '--gpus=1']);
  t.deepEqual(queues.get('b'), ['--qos=low', '--time=1-0']);
});

const REFUSED: Record<string, { keys: Parameters<typeof caseConfig>[0]; cause: RegExp }> = {
  'a folder without a full path': {
    keys: { 'agent.slurm.shared_folder': 'shared' },
    cause: /^agent\.slurm\.shared_folder takes a full path, got "shared"$/,
  },
  'an amount of memory in words': {
    keys: { 'agent.slurm.memory': 'much' },
    cause: /^agent\.slurm\.memory takes an amount of memory such as 8G, got "much"$/,
  },
  'an option of a queue that the agent relies on': {
    keys: { 'agent.slurm.queues': { gpu: ['--array=1-9'] } },
    cause: /^agent\.slurm\.queues\.gpu may not hold --array/,
  },
  'the beginning of such an option, which sbatch takes for it': {
    keys: { 'agent.slurm.options': ['--arr=1-9'] },
    cause: /^agent\.slurm\.options may not hold --array/,
  },
  'an option by which sbatch submits nothing': {
    keys: { 'agent.slurm.options': ['--help'] },
    cause: /^agent\.slurm\.options may not hold --help: sbatch would submit no job$/,
  },
  'a queue with a number': {
    keys: { 'agent.slurm.queues': { gpu: 7 } },
    cause: /^agent\.slurm\.queues\.gpu takes a list of options of sbatch$/,
  },
};

for (const [title, { keys, cause }] of Object.entries(REFUSED)) {
  test(`${title}: one line names the key`, (t) => {
    const error = t.throws(() => settings(keys), { code: 'CONFIG_VALUE' } as never);
    t.regex(error?.message ?? '', cause);
  });
}

test('the flags choose the partition and the number of jobs', (t) => {
  const choice = slurmModule.choose({ slurm: true, partition: 'gpu,cpu', maxJobs: 7 });
  t.deepEqual(choice?.settings, { partition: 'gpu,cpu', maxJobs: '7' });
  t.is(choice && slurmModule.atOnce?.(caseConfig(), choice), 7);
});

test('without the flag the configuration has the number of jobs', (t) => {
  const choice = slurmModule.choose({ slurm: true });
  t.is(choice && slurmModule.atOnce?.(caseConfig({ 'agent.slurm.max_jobs': 5 }), choice), 5);
});

const WRONG_FLAGS: Record<string, { flags: Record<string, unknown>; cause: RegExp }> = {
  'a partition without --slurm': { flags: { partition: 'gpu' }, cause: /^--partition goes with --slurm$/ },
  'a number of jobs without --slurm': { flags: { maxJobs: '3' }, cause: /^--max-jobs goes with --slurm$/ },
  'a partition that reads like a flag': {
    flags: { slurm: true, partition: '--gpus=1' },
    cause: /^--partition takes .*, got "--gpus=1"$/,
  },
  'no jobs': { flags: { slurm: true, maxJobs: '0' }, cause: /^--max-jobs takes .*, got "0"$/ },
};

for (const [title, { flags, cause }] of Object.entries(WRONG_FLAGS)) {
  test(`wrong usage: ${title}`, (t) => {
    const error = t.throws(() => slurmModule.choose(flags), { code: 'USAGE' } as never);
    t.regex(error?.message ?? '', cause);
  });
}
