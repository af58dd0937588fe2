import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { kubernetesAgent } from '../../support/kubernetes-agent.js';
import { besideTest, sharedRig } from '../../support/kubernetes-test.js';
import { until } from '../../support/until.js';

const rig = sharedRig();

/** Environments are made in several pods at once on two processors. */
const timeoutMs = 180_000;
const CODE = 'import os, sys, time\nprint("on", os.environ["CLEARML_TASK_ID"], flush=True)\n';

besideTest('a task runs in a pod, and nothing of it is left', async (t) => {
  const agent = await kubernetesAgent(t, rig.get());
  const running = agent.kubernetesDaemon();
  const id = await agent.enqueue({
    entry_point: 'main.py',
    diff: `${CODE}print("no newline", end="")\nsys.exit(3)\n`,
  });
  const task = await agent.ended(id, timeoutMs);
  const log = await agent.log(id);
  t.log(log, running.output());
  t.like(task, { status: 'failed', status_reason: 'worker execution exit code 3' });
  t.true(log.includes(`on ${id}\n`));
  t.regex(log, /no newline/);
  await agent.cleared(id);
});

besideTest(
  'a daemon that is killed leaves the pod, and the next one sends its output exactly once',
  async (t) => {
    const agent = await kubernetesAgent(t, rig.get());
    const first = agent.kubernetesDaemon();
    const id = await agent.enqueue({
      entry_point: 'main.py',
      diff: `${CODE}for n in range(20):\n    print("line", n, flush=True)\n    time.sleep(0.5)\n`,
    });
    await until(async () => (await agent.log(id)).includes('line 2'), {
      what: 'output',
      timeoutMs,
      context: first.output,
    });
    await first.kill('SIGKILL');
    const second = agent.kubernetesDaemon();
    const task = await agent.ended(id, timeoutMs);
    t.log(second.output());
    t.is(task.status, 'completed');
    const lines = (await agent.log(id)).split('\n').filter((line) => /^line \d+$/.test(line));
    t.deepEqual(
      lines,
      Array.from({ length: 20 }, (_, n) => `line ${n}`),
    );
    await agent.cleared(id);
  },
);

besideTest('a task that is aborted ends with its pod', async (t) => {
  const agent = await kubernetesAgent(t, rig.get());
  const running = agent.kubernetesDaemon();
  const id = await agent.enqueue({ entry_point: 'main.py', diff: `${CODE}time.sleep(600)\n` });
  await until(async () => (await agent.log(id)).includes(`on ${id}`), {
    what: 'output',
    timeoutMs,
    context: running.output,
  });
  await agent.call('tasks.stop', { task: id });
  t.is((await agent.ended(id, timeoutMs)).status, 'stopped');
  await agent.cleared(id);
  const runs = path.join(agent.home.folder, '.clearml/agent');
  t.true(existsSync(runs) && readdirSync(runs).length > 0);
});
