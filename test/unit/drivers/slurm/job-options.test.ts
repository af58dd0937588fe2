import test from 'ava';
import { allowedWords, taskOptions } from '../../../../src/drivers/slurm/job-options.js';
import { AgentError } from '../../../../src/errors.js';

const task = (given: Record<string, string>, words = '') => ({
  container: { arguments: words },
  hyperparams: {
    properties: Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, { section: 'properties', name, value }]),
    ),
  },
});

test('a job asks for what the task states and may ask for', (t) => {
  const allowed = allowedWords(['cpus', 'memory', 'time', 'qos']);
  const given = { qos: 'high', time: '1-12:00:00', memory: '512', gpus: '2', account: 'a' };
  t.deepEqual(taskOptions(task(given, '--cpus 4'), allowed), {
    options: ['--cpus-per-task=4', '--mem=512M', '--time=1-12:00:00', '--qos=high'],
    notes: [
      'the user property gpus is ignored: agent.slurm.task_options does not list gpus',
      'the user property account is ignored: agent.slurm.task_options does not list account',
    ],
  });
  t.deepEqual(taskOptions({}, allowed), { options: [], notes: [] });
});

for (const [name, value] of [
  ['qos', 'high --uid=0'],
  ['constraint', '-x'],
  ['time', '0'],
] as const)
  test(`the user property ${name} = "${value}" fails the task`, (t) => {
    const error = t.throws(() => taskOptions(task({ [name]: value }), allowedWords([name])), {
      instanceOf: AgentError,
    });
    t.is(error.code, 'TASK_INVALID');
  });

test('agent.slurm.task_options takes known words only', (t) => {
  t.throws(() => allowedWords(['cpus', 'nodes']), { code: 'CONFIG_VALUE', message: /"nodes".*cpus, memory/ });
});
