import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import type { AgentProcess } from '../../support/agent-process.js';
import { gpuAgent, noClaims } from '../../support/gpu-agent.js';
import { killPoints } from '../../support/kill-point.js';
import { until } from '../../support/until.js';

/** `GPU_KILL_STEPS=100` kills at all kinds of steps. */
const STEPS = Number(process.env.GPU_KILL_STEPS ?? 6);
const CARDS = 2;

/** Uses its device alone, or fails; notes each start. */
const USES_ALONE = `echo "$CLEARML_TASK_ID" >> "$HOME/starts"
mkdir "$HOME/used-$CUDA_VISIBLE_DEVICES" || exit 3
sleep 0.3
rmdir "$HOME/used-$CUDA_VISIBLE_DEVICES"
`;

/** As many as are wanted, spread over all. */
function spread<One>(all: readonly One[], most: number): One[] {
  if (all.length <= most) return [...all];
  return Array.from({ length: most }, (_, at) => all[Math.floor((at * all.length) / most)]).filter(
    (one) => one !== undefined,
  );
}

test('daemons that are killed at the steps of an allocation use no device twice and lose none', async (t) => {
  t.timeout(900_000);
  const agent = await gpuAgent(t, ['one'], [{}, {}]);
  agent.home.env.CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL = '1';
  const points = killPoints(agent.home, ['/gpu-table/', '/runs/']);
  const start = () =>
    agent.agent('daemon', '--dynamic-gpus', '--gpus', '0-1', '--queue', 'one=1', '--foreground');
  const tasks: string[] = [];
  const enqueue = async () => {
    for (let number = 0; number < CARDS; number += 1) tasks.push(await agent.enqueueTo('one', USES_ALONE));
  };
  const settled = async (daemon: AgentProcess) => {
    for (const task of tasks) {
      const end = await agent.ended(task, 120_000).catch(async (error: unknown) => {
        const { status, status_reason, last_worker } = await agent.task(task);
        t.log({ status, status_reason, last_worker, log: await agent.log(task), daemon: daemon.output() });
        throw error;
      });
      t.is(end.status, 'completed', `${task}: ${await agent.log(task)}`);
    }
    await noClaims(agent);
  };

  // One daemon that is not killed shows the kinds of steps.
  const whole = start();
  await enqueue();
  await settled(whole);
  const kinds = points.seen();
  whole.kill('SIGTERM');
  t.is((await whole.exited).code, 0, whole.output());
  for (const kind of ['rename claim', 'rm claim']) t.true(kinds.includes(kind), kinds.join(', '));

  for (const kind of spread(kinds, STEPS)) {
    points.killAt(kind);
    await enqueue();
    const victim = start();
    await until(async () => victim.process.exitCode !== null || victim.process.signalCode !== null, {
      what: `the daemon to be killed at ${kind}`,
      context: victim.output,
    });
    t.deepEqual(await victim.exited, { code: null, signal: 'SIGKILL' }, `${kind}: ${victim.output()}`);
  }

  points.killAt(undefined);
  const last = start();
  await settled(last);
  const starts = readFileSync(path.join(agent.home.folder, 'starts'), 'utf8').trim().split('\n');
  t.deepEqual(starts.toSorted(), tasks.toSorted(), 'each task is started once');
  for (let card = 0; card < CARDS; card += 1)
    t.false(existsSync(path.join(agent.home.folder, `used-${card}`)));
  // Both devices at once again.
  const [one, other] = [await agent.enqueueTo('one'), await agent.enqueueTo('one')];
  t.deepEqual([...(await agent.devices(one)), ...(await agent.devices(other))].toSorted(), ['0', '1']);
  for (const task of [one, other]) agent.finish(task);
  await noClaims(agent);
  last.kill('SIGTERM');
  t.is((await last.exited).code, 0, last.output());
});
