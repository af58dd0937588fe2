import test from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { SAVES_ON_TERM, waitingIn } from '../../support/begun-task.js';
import { DockerEngine } from '../../support/docker-engine.js';
import { until } from '../../support/until.js';

const SCRIPT = { binary: '/bin/sh', entry_point: 'main.sh', diff: SAVES_ON_TERM };

test('a container that saves and exits with 0 is stopped or put back; services are only ended on request', async (t) => {
  t.timeout(240_000);
  const engine = await DockerEngine.startFor(t);
  await engine.makeBusybox('base:1');
  const agent = await agentUnderTest(t, { DOCKER_HOST: `unix://${engine.socket}` });
  const container = ['--docker', 'base:1', '--network', 'none'];
  const begun = async (task: string, daemon: { output(): string }, times = 1) =>
    until(async () => ((await agent.log(task)).match(/^begun$/gm)?.length ?? 0) >= times, {
      what: 'the task to begin',
      context: daemon.output,
    });
  const stopped = async (
    daemon: { exited: Promise<{ code: number | null }>; output(): string },
    ...flags: string[]
  ) => {
    const stop = agent.agent('daemon', '--stop', ...flags);
    t.is((await stop.exited).code, 0, stop.output());
    t.is((await daemon.exited).code, 0, daemon.output());
  };

  const first = agent.daemon(...container);
  const one = await agent.enqueue(SCRIPT);
  await begun(one, first);
  await stopped(first);
  const ended = await agent.task(one);
  t.is(ended.status, 'stopped', await agent.log(one));
  t.regex(ended.status_reason, /^stopped by the operator: agent daemon --stop \(/);
  t.regex(await agent.log(one), /checkpoint saved/);

  const services = agent.daemon('--services-mode', ...container);
  const two = await agent.enqueue(SCRIPT);
  await begun(two, services);
  await stopped(services, '--cpu-only');
  t.is((await agent.task(two)).status, 'in_progress', 'a plain stop leaves services in containers');
  const again = agent.daemon('--services-mode', ...container);
  await until(() => again.output().includes('attached again'), { what: 'the attach', context: again.output });
  await stopped(again, '--cpu-only', '--requeue');
  t.is((await agent.task(two)).status, 'queued', await agent.log(two));
  t.deepEqual(await waitingIn(agent), [two]);
  t.regex(await agent.log(two), /checkpoint saved/);
});
