import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { begunTask, tagsOf, waitingIn } from '../../support/begun-task.js';
import { QUICK, STUBBORN, WHERE } from '../../support/stopped-tasks.js';
import { until } from '../../support/until.js';

test.serial(
  '--stop --drain: no new task is taken, the running one finishes, and the state shows everywhere',
  async (t) => {
    const { agent, task, daemon } = await begunTask(t, { flags: ['--child-report-tags', 'blue'] });
    const drain = agent.agent('daemon', '--stop', '--drain', '--timeout', '1h');
    await until(() => drain.output().includes('Draining clearml-agent worker_id=test:0'), {
      what: 'the request',
    });
    const later = await agent.enqueue(QUICK);
    await until(async () => (await tagsOf(agent, 'test:0')).includes('draining'), { what: 'the tag' });
    const tags = await tagsOf(agent, 'test:0');
    t.is(tags[0], 'blue');
    t.regex(tags[2] ?? '', /^until:\d{4}-\d\d-\d\dT/);
    const shown = agent.agent('daemon', '--status');
    t.is((await shown.exited).code, 0, shown.output());
    t.regex(
      shown.output(),
      /^Worker test:0 \(process \d+\) is draining since \S+ until \S+, then its tasks are stopped \(agent daemon --stop --drain\)$/m,
    );
    t.true(shown.output().includes(`  - Running task ${task}\n`), shown.output());
    await sleep(3000);
    t.is((await agent.task(later)).status, 'queued');
    writeFileSync(path.join(agent.home.folder, 'go'), '');
    t.is((await drain.exited).code, 0, drain.output());
    t.is((await daemon.exited).code, 0, daemon.output());
    t.is((await agent.task(task)).status, 'completed');
    t.is((await agent.task(later)).status, 'queued');
    t.deepEqual(await waitingIn(agent), [later]);
  },
);

test.serial('--resume takes a drain back, and only that', async (t) => {
  const { agent, task, daemon } = await begunTask(t, { flags: ['--child-report-tags', 'blue'] });
  const drain = agent.agent('daemon', '--stop', '--drain', '--timeout', '1h');
  await until(async () => (await tagsOf(agent, 'test:0')).includes('draining'), { what: 'the tag' });
  const later = await agent.enqueue(QUICK);
  const resume = agent.agent('daemon', '--resume');
  t.is((await resume.exited).code, 0, resume.output());
  t.regex(resume.output(), /^clearml-agent worker_id=test:0 pid=\d+ pulls tasks$/m);
  t.is((await drain.exited).code, 0, drain.output());
  t.regex(drain.output(), /^test:0 was resumed and pulls tasks$/m);
  await until(async () => (await tagsOf(agent, 'test:0')).join() === 'blue', { what: 'the tags' });
  const shown = agent.agent('daemon', '--status');
  await shown.exited;
  t.regex(shown.output(), /^Worker test:0 \(process \d+\) is running$/m);
  writeFileSync(path.join(agent.home.folder, 'go'), '');
  for (const id of [task, later]) t.is((await agent.ended(id)).status, 'completed', daemon.output());
  const again = agent.agent('daemon', '--stop', '--drain');
  t.is((await again.exited).code, 0, again.output());
  t.is((await daemon.exited).code, 0, daemon.output());
});

test.serial('--resume is refused once the daemon stops', async (t) => {
  const { agent, task, daemon } = await begunTask(t, {
    program: STUBBORN,
    variables: { CLEARML_AGENT__AGENT__KILL_GRACE_SEC: '600' },
  });
  const stop = agent.agent('daemon', '--stop', '--no-wait');
  t.is((await stop.exited).code, 0, stop.output());
  const resume = agent.agent('daemon', '--resume', 'test:0');
  t.is((await resume.exited).code, 1, resume.output());
  t.regex(resume.output(), /^test:0 is stopping already, for agent daemon --stop; only a drain/m);
  daemon.kill('SIGTERM');
  await daemon.exited;
  t.is((await agent.task(task)).status, 'stopped');
  const none = agent.agent('daemon', '--resume');
  t.is((await none.exited).code, 1, none.output());
  t.regex(none.output(), /Could not find a running clearml-agent instance/);
});

test.serial('a drain that is over stops the task; a drain of an idle daemon ends at once', async (t) => {
  const { agent, task, daemon } = await begunTask(t);
  const drain = agent.agent('daemon', '--stop', '--drain', '--timeout', '1s');
  t.is((await drain.exited).code, 0, drain.output());
  t.is((await daemon.exited).code, 0, daemon.output());
  const { status, status_reason } = await agent.task(task);
  t.deepEqual(
    [status, status_reason],
    ['stopped', `stopped by the operator: agent daemon --stop --drain, time limit of 1 s over ${WHERE}`],
  );
  const idle = agent.daemon();
  await until(() => idle.output().includes('Listening to queues'), { what: 'the daemon' });
  const again = agent.agent('daemon', '--stop', '--drain');
  t.is((await again.exited).code, 0, again.output());
  t.is((await idle.exited).code, 0, idle.output());
});

test.serial('a stop overrides a drain, and a drain does not survive its daemon', async (t) => {
  const { agent, task, daemon } = await begunTask(t);
  const drain = agent.agent('daemon', '--stop', '--drain', '--no-wait');
  t.is((await drain.exited).code, 0, drain.output());
  daemon.kill('SIGKILL');
  await daemon.exited;
  const second = agent.daemon();
  await until(() => second.output().includes('attached again'), {
    what: 'the attach',
    context: second.output,
  });
  const shown = agent.agent('daemon', '--status');
  await shown.exited;
  t.regex(shown.output(), /^Worker test:0 \(process \d+\) is running$/m);
  const waiting = agent.agent('daemon', '--stop', '--drain');
  await until(() => second.output().includes('draining'), { what: 'the drain', context: second.output });
  const stop = agent.agent('daemon', '--stop');
  t.is((await stop.exited).code, 0, stop.output());
  t.is((await waiting.exited).code, 0, waiting.output());
  t.is((await agent.task(task)).status, 'stopped');
});
