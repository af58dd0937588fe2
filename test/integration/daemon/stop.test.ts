import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { workerFolder } from '../../../src/os/paths.js';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { begunTask, waitingIn } from '../../support/begun-task.js';
import { QUICK, STUBBORN, WHERE } from '../../support/stopped-tasks.js';
import { until } from '../../support/until.js';

test.serial(
  '--stop: a task that saves and exits with 0 after its signal is stopped, with the operator as its reason',
  async (t) => {
    const { agent, task, daemon } = await begunTask(t);
    const stop = agent.agent('daemon', '--stop');
    t.is((await stop.exited).code, 0, stop.output());
    t.is((await daemon.exited).code, 0, daemon.output());
    const { status, status_reason } = await agent.task(task);
    t.deepEqual(
      [status, status_reason],
      ['stopped', `stopped by the operator: agent daemon --stop ${WHERE}`],
    );
    t.regex(
      await agent.log(task),
      /Stopping the task for the operator[\s\S]*checkpoint saved[\s\S]*Process ended: stopped by/,
    );
  },
);

test.serial('--stop --requeue: the task saves, goes to the front of its queue, and runs again', async (t) => {
  const { agent, task, daemon } = await begunTask(t);
  const other = await agent.enqueue(QUICK);
  const stop = agent.agent('daemon', '--stop', '--requeue');
  t.is((await stop.exited).code, 0, stop.output());
  t.is((await daemon.exited).code, 0, daemon.output());
  const { status, status_reason } = await agent.task(task);
  t.deepEqual(
    [status, status_reason],
    ['queued', `put back: stopped by the operator: agent daemon --stop --requeue ${WHERE}`],
  );
  t.deepEqual(await waitingIn(agent), [task, other]);
  writeFileSync(path.join(agent.home.folder, 'go'), '');
  agent.daemon();
  t.is((await agent.ended(task)).status, 'completed');
  t.regex(await agent.log(task), /checkpoint saved[\s\S]*finished/, 'the log of the first run stays');
});

test.serial('--stop --leave: the daemon ends at once and the next one resumes the task', async (t) => {
  const { agent, task, daemon } = await begunTask(t);
  const leave = agent.agent('daemon', '--stop', '--leave');
  t.is((await leave.exited).code, 0, leave.output());
  t.is((await daemon.exited).code, 0, daemon.output());
  t.is((await agent.task(task)).status, 'in_progress');
  const next = agent.daemon();
  await until(() => next.output().includes('attached again'), { what: 'the attach', context: next.output });
  writeFileSync(path.join(agent.home.folder, 'go'), '');
  t.is((await agent.ended(task)).status, 'completed', await agent.log(task));
});

test.serial(
  'a task that ignores its signal is killed when its grace, or the time limit of the stop, is over',
  async (t) => {
    for (const [grace, flags] of [
      ['1', []],
      ['600', ['--timeout', '1s']],
    ] as const) {
      const { agent, task, daemon } = await begunTask(t, {
        program: STUBBORN,
        variables: { CLEARML_AGENT__AGENT__KILL_GRACE_SEC: grace },
      });
      const stop = agent.agent('daemon', '--stop', ...flags);
      t.is((await stop.exited).code, 0, stop.output());
      t.is((await daemon.exited).code, 0, daemon.output());
      t.is((await agent.task(task)).status, 'stopped');
    }
  },
);

test.serial(
  'the control socket is for its user alone, works below a long path, and goes with its daemon',
  async (t) => {
    const state = `/tmp/stop-test-${process.pid}-${'long-'.repeat(30)}`;
    t.teardown(() => rmSync(state, { recursive: true, force: true }));
    const { agent, task, daemon } = await begunTask(t, { variables: { CLEARML_AGENT_STATE_DIR: state } });
    const file = path.join(workerFolder(state, 'test:0'), 'control.sock');
    t.is(statSync(file).mode & 0o777, 0o600);
    t.is(statSync(path.dirname(file)).mode & 0o777, 0o700);
    const stop = agent.agent('daemon', '--stop', '--requeue');
    t.is((await stop.exited).code, 0, stop.output());
    await daemon.exited;
    t.is((await agent.task(task)).status, 'queued');
    t.false(existsSync(file));
  },
);

test.serial(
  'a daemon without a control socket is stopped by its signal, and not asked for more',
  async (t) => {
    const { agent, task, daemon } = await begunTask(t);
    const state = path.join(agent.home.folder, '.clearml', 'agent');
    rmSync(path.join(workerFolder(state, 'test:0'), 'control.sock'));
    for (const flags of [['--drain'], ['--requeue'], ['--timeout', '1m']]) {
      const refused = agent.agent('daemon', '--stop', ...flags);
      t.is((await refused.exited).code, 1);
      t.regex(refused.output(), /test:0 \(process \d+\) has no control socket/);
    }
    const stop = agent.agent('daemon', '--stop');
    t.is((await stop.exited).code, 0, stop.output());
    await daemon.exited;
    t.regex((await agent.task(task)).status_reason, /^stopped by the operator: SIGTERM/);
  },
);

test.serial('flags that contradict each other are refused before anything is stopped', async (t) => {
  const { agent } = await agentUnderTest(t);
  for (const [words, cause] of [
    [['--drain'], /--drain says how a daemon is stopped, so it needs --stop/],
    [['--stop', '--drain', '--leave'], /--drain and --leave are both given/],
    [['--stop', '--leave', '--requeue'], /--leave and --requeue are both given/],
    [['--stop', '--leave', '--timeout', '1m'], /--leave and --timeout are both given/],
    [['--stop', '--drain', '--requeue'], /--requeue needs the --timeout/],
    [['--stop', '--timeout', '10'], /--timeout takes a time with its unit, such as 10m, got "10"/],
    [['--stop', '--timeout', '30d'], /--timeout takes at most 24d, got "30d"/],
  ] as const) {
    const refused = agent('daemon', ...words);
    t.is((await refused.exited).code, 2, refused.output());
    t.regex(refused.output(), cause);
  }
});
