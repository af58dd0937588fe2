import { appendFileSync, chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { type AgentUnderTest, agentUnderTest, userProperties } from '../../support/agent-under-test.js';
import { SAVES_ON_TERM } from '../../support/begun-task.js';
import { journalOf } from '../../support/run-journal.js';
import { until } from '../../support/until.js';

/** Long enough for a loaded machine to start the command. */
const LIMIT = { text: '20s', shown: '0:00:20' };

const shell = (diff: string) => ({ binary: '/bin/sh', entry_point: 'main.sh', diff });

const limited = (agent: AgentUnderTest, time: string, diff = SAVES_ON_TERM) =>
  agent.enqueue(shell(diff), undefined, userProperties({ time }));

const begun = (agent: AgentUnderTest, task: string, context: () => string) =>
  until(async () => (await agent.log(task)).includes('begun'), { what: `task ${task} to begin`, context });

/** When the limit ends it, in milliseconds since 1970, as the log says. */
async function limitEnd(agent: AgentUnderTest, task: string): Promise<number> {
  const said = /time limit of the task: 0:00:20, until (\S+)/.exec(await agent.log(task));
  return Date.parse(said?.[1] ?? '');
}

test('a task is stopped with its grace when its stated time is over, and its failure says so', async (t) => {
  const agent = await agentUnderTest(t);
  const task = await limited(agent, LIMIT.text);
  const daemon = agent.daemon();
  await begun(agent, task, daemon.output);
  const ended = await agent.ended(task);
  t.like(ended, { status: 'failed', status_reason: `time limit of ${LIMIT.shown} reached` });
  t.is(ended.runtime.failure_class, 'time_limit');
  const log = await agent.log(task);
  t.regex(log, /Stopping the task: time limit of 0:00:20 reached\n[\s\S]*checkpoint saved/);
  t.regex(log, /Process failed: time limit of 0:00:20 reached/);
  t.true(Date.now() >= (await limitEnd(agent, task)));
  const next = await agent.enqueue(shell('echo next\n'), undefined, userProperties({ time: '1h' }));
  t.is((await agent.ended(next)).status, 'completed');
});

/** What a journal holds of a run that began so much earlier. */
function beginEarlier(file: string, ms: number): void {
  const text = readFileSync(file, 'utf8');
  const earlier = text.replace(/"since":(\d+)/, (_, since: string) => `"since":${Number(since) - ms}`);
  writeFileSync(file, earlier);
}

test('after a restart the limit counts from the start of the task, also one that passed meanwhile', async (t) => {
  const agent = await agentUnderTest(t);
  const task = await limited(agent, '10h');
  const first = agent.daemon();
  await begun(agent, task, first.output);
  first.kill('SIGKILL');
  await first.exited;
  t.is((await agent.task(task)).status, 'in_progress');
  beginEarlier(journalOf(agent), 10 * 3600 * 1000);
  const next = agent.daemon();
  const ended = await agent.ended(task);
  t.like(ended, { status: 'failed', status_reason: 'time limit of 10:00:00 reached' }, next.output());
  t.is((await agent.log(task)).match(/checkpoint saved/g)?.length, 1);
});

test('set-up is a part of the time', async (t) => {
  const agent = await agentUnderTest(t);
  const hook = path.join(agent.home.folder, 'hook');
  writeFileSync(hook, '#!/bin/sh\nexec sleep 600\n');
  chmodSync(hook, 0o700);
  appendFileSync(
    path.join(agent.home.folder, 'clearml.conf'),
    `agent.hooks { before_task: "${hook}", timeout_sec: 3600 }\n`,
  );
  const task = await limited(agent, '2s');
  const daemon = agent.daemon();
  const ended = await agent.ended(task);
  t.like(ended, { status: 'failed', status_reason: 'time limit of 0:00:02 reached' }, daemon.output());
  t.notRegex(await agent.log(task), /begun/);
});

test('in services mode each task has its own limit', async (t) => {
  const agent = await agentUnderTest(t);
  const task = await limited(agent, LIMIT.text);
  const endless = await agent.enqueue(shell(SAVES_ON_TERM));
  const daemon = agent.daemon('--services-mode');
  for (const one of [task, endless]) await begun(agent, one, daemon.output);
  const ended = await agent.ended(task);
  t.like(ended, { status: 'failed', status_reason: `time limit of ${LIMIT.shown} reached` });
  t.is((await agent.task(endless)).status, 'in_progress');
});

test('a value of another form fails the task with its cause, and the daemon serves the next one', async (t) => {
  const agent = await agentUnderTest(t);
  const wrong = await limited(agent, 'tomorrow');
  const memory = await agent.enqueue(shell('true\n'), undefined, userProperties({ memory: 'lots' }));
  const right = await agent.enqueue(shell('echo fine\n'));
  const daemon = agent.daemon();
  t.like(await agent.ended(wrong), { status: 'failed', runtime: { failure_class: 'setup' } });
  const log = await agent.log(wrong);
  t.regex(log, /Process failed: the user property time takes .*such as 90, 2h .*, got "tomorrow"\n/);
  t.notRegex(log, /\n +at /);
  t.is((await agent.ended(memory)).status, 'failed');
  t.is((await agent.ended(right)).status, 'completed', daemon.output());
});

test('words that agent.task_resources does not list mean nothing', async (t) => {
  const agent = await agentUnderTest(t);
  appendFileSync(path.join(agent.home.folder, 'clearml.conf'), 'agent.task_resources: []\n');
  const task = await limited(agent, 'tomorrow', 'echo fine\n');
  const daemon = agent.daemon();
  t.is((await agent.ended(task)).status, 'completed', daemon.output());
});
