import path from 'node:path';
import { agentUnderTest, userProperties } from '../../support/agent-under-test.js';
import { slurmRig } from '../../support/slurm-rig.js';
import { slurmTest } from '../../support/slurm-test.js';
import { until } from '../../support/until.js';

slurmTest('a task runs as a batch job, and nothing of it is left', async (t) => {
  const rig = await slurmRig(t);
  const agent = await agentUnderTest(t, {
    ...rig.env,
    CLEARML_AGENT__AGENT__SLURM__SHARED_FOLDER: path.join(rig.folder, 'shared'),
  });
  const daemon = agent.daemon('--slurm', '--partition', 'main');
  const id = await agent.enqueue({
    entry_point: 'main.py',
    diff: 'import os, sys\nprint("on", os.environ["SLURMD_NODENAME"])\nprint("no newline", end="")\nsys.exit(3)\n',
  });
  const task = await agent.ended(id);
  const log = await agent.log(id);
  t.log(log);
  t.like(task, { status: 'failed', status_reason: 'worker execution exit code 3' });
  t.regex(log, /on n[12]/);
  t.regex(log, /no newline/);
  t.log(daemon.output());
  t.deepEqual(rig.jobs(), []);
});

slurmTest('what a task states is what its job asks for, and Slurm alone applies its time', async (t) => {
  const rig = await slurmRig(t);
  const agent = await agentUnderTest(t, {
    ...rig.env,
    CLEARML_AGENT__AGENT__SLURM__SHARED_FOLDER: path.join(rig.folder, 'shared'),
  });
  const daemon = agent.daemon('--slurm', '--partition', 'main');
  const script = {
    binary: '/bin/sh',
    entry_point: 'main.sh',
    diff: 'echo begun\nwhile true; do sleep 0.1; done\n',
  };
  const id = await agent.enqueue(script, undefined, {
    ...userProperties({ time: '90m', memory: '64M' }),
    container: { arguments: '--cpus 1' },
  });
  await until(async () => (await agent.log(id)).includes('begun'), {
    what: 'the job',
    context: daemon.output,
  });
  t.deepEqual(rig.slurm('squeue', '--noheader', '--format=%l %m %C').trim().split(/\s+/), [
    '1:30:00',
    '64M',
    '1',
  ]);
  t.notRegex(await agent.log(id), /time limit of the task/);
  await agent.call('tasks.stop', { task: id });
  t.is((await agent.ended(id)).status, 'stopped');

  const wrong = await agent.enqueue(script, undefined, userProperties({ time: 'tomorrow' }));
  t.is((await agent.ended(wrong)).status, 'failed');
  t.regex(await agent.log(wrong), /the user property time takes .+, got "tomorrow"/);
});
