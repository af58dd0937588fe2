import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freezingDisk } from '../../support/frozen-disk.js';
import { slurmAgent } from '../../support/slurm-agent.js';
import { sharedRig, slurmTest } from '../../support/slurm-test.js';
import { fillDisk, smallDisk } from '../../support/small-disk.js';
import { until } from '../../support/until.js';

const rig = sharedRig({ nodes: ['n1'] });

/** Longer than the looks at a job's files are apart. */
const SLOW_MS = 4000;

const COUNTING = `import os, sys, time
for i in range(40):
    while i == 20 and not os.path.exists(sys.argv[1]): time.sleep(0.05)
    print("line", i, flush=True)
`;

slurmTest('a shared folder that answers late delays a task, and no line is lost', async (t) => {
  const disk = freezingDisk(t);
  const agent = await slurmAgent(t, rig.get(), {}, disk.folder);
  const daemon = agent.slurmDaemon();
  await until(() => daemon.output().includes('Listening'), { what: 'the daemon', context: daemon.output });
  disk.freeze();
  const go = path.join(agent.home.folder, 'go');
  const id = await agent.enqueue({ entry_point: `main.py ${go}`, diff: COUNTING });
  await until(async () => (await agent.task(id)).status === 'in_progress', { what: 'the claim' });
  await sleep(SLOW_MS);
  t.deepEqual(rig.get().jobs(), []);
  disk.thaw();
  await until(async () => (await agent.log(id)).includes('line 19'), {
    what: 'a line',
    context: daemon.output,
  });
  disk.freeze();
  writeFileSync(go, '');
  await sleep(SLOW_MS);
  t.is((await agent.task(id)).status, 'in_progress');
  disk.thaw();
  t.is((await agent.ended(id)).status, 'completed', daemon.output());
  const lines = [...(await agent.log(id)).matchAll(/^line (\d+)$/gm)].map(([, number]) => Number(number));
  t.deepEqual(
    lines,
    Array.from({ length: 40 }, (_, at) => at),
  );
});

slurmTest('a shared folder that is full fails the task by that cause, and the next one runs', async (t) => {
  const agent = await slurmAgent(t, rig.get(), {}, smallDisk(t, 1));
  const daemon = agent.slurmDaemon();
  await until(() => daemon.output().includes('Listening'), { what: 'the daemon', context: daemon.output });
  const ballast = fillDisk(agent.shared);
  const script = { entry_point: 'main.py', diff: 'print("ran")\n' };
  const id = await agent.enqueue(script);
  const task = await agent.ended(id);
  t.is(task.status, 'failed', daemon.output());
  t.regex(await agent.log(id), /Process failed: cannot write \S+: no space left on the disk/);
  rmSync(ballast);
  const next = await agent.enqueue(script);
  t.is((await agent.ended(next)).status, 'completed', `${await agent.log(next)}\n${daemon.output()}`);
  const jobs = path.join(agent.shared, 'jobs');
  await until(() => !existsSync(jobs) || readdirSync(jobs).length === 0, { what: 'an empty shared folder' });
  t.deepEqual(rig.get().jobs(), []);
});
