import test from 'ava';
import { agentUnderTest, userProperties } from '../../support/agent-under-test.js';
import { SAVES_ON_TERM } from '../../support/begun-task.js';
import { DockerEngine } from '../../support/docker-engine.js';
import { until } from '../../support/until.js';

test('a task in a container is stopped when its stated time is over, also by a later daemon', async (t) => {
  t.timeout(180_000);
  const engine = await DockerEngine.startFor(t);
  await engine.makeBusybox('limit:1');
  const agent = await agentUnderTest(t, { DOCKER_HOST: `unix://${engine.socket}` });
  const script = { binary: '/bin/sh', entry_point: 'main.sh', diff: SAVES_ON_TERM };
  const task = await agent.enqueue(script, undefined, userProperties({ time: '30s' }));
  const words = ['--docker', 'limit:1', '--network', 'none'];
  const first = agent.daemon(...words);
  await until(async () => (await agent.log(task)).includes('begun'), {
    what: 'the task to begin',
    context: first.output,
  });
  first.kill('SIGKILL');
  await first.exited;
  const next = agent.daemon(...words);
  const ended = await agent.ended(task, 90_000);
  t.like(ended, { status: 'failed', status_reason: 'time limit of 0:00:30 reached' }, next.output());
  t.is(ended.runtime.failure_class, 'time_limit');
  t.regex(await agent.log(task), /checkpoint saved/);
});
