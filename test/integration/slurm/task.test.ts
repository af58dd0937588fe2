import path from 'node:path';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { slurmRig } from '../../support/slurm-rig.js';
import { slurmTest } from '../../support/slurm-test.js';

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
