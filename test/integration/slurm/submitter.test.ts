import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { userProperties } from '../../support/agent-under-test.js';
import { type SlurmAgent, slurmAgent } from '../../support/slurm-agent.js';
import { accountingTest, sharedRig } from '../../support/slurm-test.js';
import { giveToNobody, unprivilegedDaemon } from '../../support/unprivileged-daemon.js';
import { until } from '../../support/until.js';

/** Slurm lets root do everything, so the daemons here are of another user, who may use one account. */
const rig = sharedRig({
  nodes: ['n1'],
  accounting: true,
  conf: ['AccountingStorageEnforce=associations'],
});

const DAEMON = ['--queue', 'default', '--foreground', '--slurm', '--partition', 'main'];
const option = (name: string) => `CLEARML_AGENT__AGENT__SLURM__${name}`;

function allowAccount(): void {
  const { slurm } = rig.get();
  const add = (...words: string[]) => slurm('sacctmgr', '--immediate', 'add', ...words);
  if (slurm('sacctmgr', '-nP', 'show', 'account', 'good') !== '') return;
  add('account', 'good', 'cluster=rig');
  add('user', 'nobody', 'account=good', 'cluster=rig');
}

const left = ({ shared }: SlurmAgent) =>
  ['checks', 'jobs'].flatMap((name) => {
    const folder = path.join(shared, name);
    return existsSync(folder) ? readdirSync(folder) : [];
  });

accountingTest(
  'a task that names an account of others fails with the cause, one of its own runs',
  async (t) => {
    allowAccount();
    const agent = await slurmAgent(t, rig.get(), {
      CLEARML_AGENT_VENV_CACHE_PATH: '',
      [option('TASK_OPTIONS')]: '["account"]',
      [option('OPTIONS')]: '["--account=good"]',
    });
    giveToNobody(agent.home.folder, agent.shared);
    const daemon = unprivilegedDaemon(t, agent.home, DAEMON);
    const script = { entry_point: 'main.py', diff: 'print("ran")\n' };
    const refused = await agent.enqueue(script, undefined, userProperties({ account: 'others' }));
    const task = await agent.ended(refused);
    t.like(task, { status: 'failed', status_reason: 'Slurm refuses the job' }, daemon.text());
    t.is(task.runtime.failure_class, 'setup');
    t.regex(await agent.log(refused), /Process failed: Slurm refuses the job: .*Invalid account/);
    const taken = await agent.enqueue(script, undefined, userProperties({ account: 'good' }));
    t.is((await agent.ended(taken)).status, 'completed', `${await agent.log(taken)}\n${daemon.text()}`);
    await until(() => left(agent).length === 0, { what: 'an empty shared folder' });
  },
);

accountingTest('a daemon whose account is refused says so in one line and leaves nothing', async (t) => {
  allowAccount();
  const agent = await slurmAgent(t, rig.get(), { [option('OPTIONS')]: '["--account=others"]' });
  giveToNobody(agent.home.folder, agent.shared);
  const daemon = unprivilegedDaemon(t, agent.home, DAEMON);
  await until(() => daemon.exitCode !== null, { what: 'the end of the daemon', context: daemon.text });
  t.is(daemon.exitCode, 1);
  const errors = daemon
    .text()
    .split('\n')
    .filter((line) => line.includes('ERROR'));
  t.is(errors.length, 1, daemon.text());
  t.regex(errors[0] ?? '', /Slurm refuses the job: .*Invalid account/);
  t.deepEqual(left(agent), []);
});
