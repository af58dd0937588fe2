import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { serveLines } from '../../../src/os/local-socket.js';
import { workerFolder } from '../../../src/os/paths.js';
import { registerWorker } from '../../../src/runs/registry.js';
import { AGENT_SCRIPT } from '../../support/agent-process.js';
import type { AgentUnderTest } from '../../support/agent-under-test.js';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { begunTask, SAVES_ON_TERM, tagsOf, waitingIn } from '../../support/begun-task.js';
import { onTerminal } from '../../support/terminal.js';
import { until } from '../../support/until.js';

const QUICK = { binary: '/bin/sh', entry_point: 'a.sh', diff: 'echo quick\n' };
const COLOURED = `printf '\\033[31mred\\033[0m \\033]0;title\\007end\\n'\n${SAVES_ON_TERM}`;

async function output(
  { agent }: AgentUnderTest,
  ...words: string[]
): Promise<{ code: number | null; text: string }> {
  const asked = agent(...words);
  const { code } = await asked.exited;
  return { code, text: asked.output() };
}

function stateOf(agent: AgentUnderTest): string {
  return path.join(agent.home.folder, '.clearml', 'agent');
}

test('the tasks of a daemon, its log and its end are reached without the server', async (t) => {
  const { agent, task, daemon } = await begunTask(t, { program: COLOURED });
  const short = task.slice(0, 8);
  await agent.server.close();
  const top = await output(agent, 'top');
  t.is(top.code, 0, top.text);
  t.regex(top.text, /^test:0 \(process \d+\) {2}running {2}1 of 1 slot in use/);
  t.regex(top.text, new RegExp(`^${short} {2}a test task {2,}running \\d+[sm].* begun$`, 'm'));
  const reading = JSON.parse((await output(agent, 'top', '--json')).text);
  t.like(reading, { worker: 'test:0', state: 'running', runs: [{ task, phase: 'running', place: 'local' }] });
  const tasks = JSON.parse((await output(agent, 'tasks', '--json')).text);
  t.is(tasks.tasks[0].task, task);
  const logs = await output(agent, 'logs', short);
  t.is(logs.code, 0, logs.text);
  t.regex(logs.text, /^red end\nbegun$/m);
  const follow = agent.agent('logs', '-f', task);
  await until(() => follow.output().includes('begun'), { what: 'the log' });
  const stop = await output(agent, 'stop', short, '--no-wait');
  t.is(stop.code, 0, stop.text);
  t.is((await follow.exited).code, 0, follow.output());
  t.regex(
    follow.output(),
    /begun[\s\S]*checkpoint saved[\s\S]*Process ended: stopped by the operator: agent stop/,
  );
  const again = await output(agent, 'stop', short);
  t.deepEqual([again.code, /ends already/.test(again.text)], [1, true], again.text);
  daemon.kill('SIGKILL');
  await daemon.exited;
  const after = await output(agent, 'logs', short);
  t.regex(after.text, /checkpoint saved/, 'an ended run whose log the server lacks');
  const gone = await output(agent, 'tasks');
  t.deepEqual([gone.code, /no daemon of this user runs/.test(gone.text)], [1, true], gone.text);
});

test('stop ends one task with its cause, and the daemon continues', async (t) => {
  const { agent, task, daemon } = await begunTask(t);
  const later = await agent.enqueue(QUICK);
  const stop = await output(agent, 'stop', task);
  t.is(stop.code, 0, stop.text);
  const { status, status_reason } = await agent.task(task);
  t.deepEqual(
    [status, status_reason],
    ['stopped', `stopped by the operator: agent stop (worker test:0 on ${hostname()})`],
  );
  t.is((await agent.ended(later)).status, 'completed', daemon.output());
});

test('a paused daemon pulls nothing, a resumed one does; a task can be put back meanwhile', async (t) => {
  const { agent, task, daemon } = await begunTask(t);
  const pause = await output(agent, 'pause');
  t.deepEqual(pause, { code: 0, text: 'test:0 is paused; 1 running task continues\n' });
  await until(async () => (await tagsOf(agent, 'test:0')).includes('paused'), { what: 'the tag' });
  const status = await output(agent, 'daemon', '--status');
  t.regex(status.text, /^Worker test:0 \(process \d+\) is paused since \S+ \(agent pause\)$/m);
  const later = await agent.enqueue(QUICK);
  const stop = await output(agent, 'stop', task, '--requeue');
  t.is(stop.code, 0, stop.text);
  // The daemon has looked at the queues since, with its slot free.
  await until(
    async () => {
      const { queues, slots } = JSON.parse((await output(agent, 'top', '--json')).text);
      return slots.running === 0 && queues[0].waiting === 2;
    },
    { what: 'a look at the queues' },
  );
  t.deepEqual(await waitingIn(agent), [task, later]);
  writeFileSync(path.join(agent.home.folder, 'go'), '');
  const resume = await output(agent, 'resume');
  t.deepEqual([resume.code, / pulls tasks\n$/.test(resume.text)], [0, true], resume.text);
  for (const id of [task, later]) t.is((await agent.ended(id)).status, 'completed', daemon.output());
  const drain = await output(agent, 'drain');
  t.is(drain.code, 0, drain.text);
  t.is((await daemon.exited).code, 0, daemon.output());
});

test('with several daemons, one is named', async (t) => {
  const agent = await agentUnderTest(t);
  const daemons = [agent.daemon(), agent.daemon()];
  for (const one of daemons)
    await until(() => one.output().includes('Listening to queues'), {
      what: 'a daemon',
      context: one.output,
    });
  const top = await output(agent, 'top');
  t.deepEqual(
    [top.code, top.text],
    [2, 'clearml_agent: ERROR: 2 daemons run on this machine: test:0, test:1\n  Name one with --worker.\n'],
  );
  t.is((await output(agent, 'pause')).code, 2);
  t.deepEqual(await output(agent, 'pause', '--all'), {
    code: 0,
    text: 'test:0 is paused; no task runs\ntest:1 is paused; no task runs\n',
  });
  t.is((await output(agent, 'resume', '--worker', 'test:1')).code, 0);
  t.is(JSON.parse((await output(agent, 'top', '--json', '--worker', 'test:1')).text).state, 'running');
  t.is((await output(agent, 'drain', '--all')).code, 0);
  for (const one of daemons) t.is((await one.exited).code, 0, one.output());
});

test('a daemon of an earlier version says so', async (t) => {
  const agent = await agentUnderTest(t);
  const state = stateOf(agent);
  const registration = await registerWorker(state, ['test:0']);
  await registration.publish({ queues: [] });
  const server = await serveLines(path.join(workerFolder(state, 'test:0'), 'control.sock'), async (asked) => {
    const { command } = Object(asked);
    return { error: `command: expected "status", "end" or "resume", got ${JSON.stringify(command)}` };
  });
  t.teardown(() => server.close());
  for (const [words, name] of [
    [['top'], 'reading'],
    [['pause'], 'pause'],
  ] as const) {
    const { code, text } = await output(agent, ...words);
    t.is(code, 1);
    t.regex(
      text,
      new RegExp(
        `test:0 \\(process \\d+\\) is a daemon of an earlier version, which does not know "${name}"\n`,
      ),
    );
  }
});

test('top on a terminal shows the screen, keeps it while the daemon is away, and restores the terminal', async (t) => {
  const { agent, daemon } = await begunTask(t, { program: COLOURED });
  const seen = path.join(agent.home.folder, 'seen');
  const shown = onTerminal({
    argv: [process.execPath, AGENT_SCRIPT, 'top'],
    cwd: agent.home.folder,
    env: agent.home.env,
    steps: [{ wait: 'a test task' }, { make: seen }, { wait: 'the last reading is shown' }, { type: 'q' }],
  });
  await until(() => existsSync(seen), { what: 'the screen' });
  daemon.kill('SIGKILL');
  const { status, shown: text, raw } = await shown;
  t.is(status, 0, text);
  t.regex(text, /begun/);
  t.true(
    raw.replace(/\s*exit: 0\s*$/, '').endsWith('\u001b[?7h\u001b[?25h\u001b[?1049l'),
    'cursor and screen are back',
  );
  t.notRegex(raw, /\u001b\]0;title/);
});

test('a log is followed while the daemon is away, to the end under the next one', async (t) => {
  const { agent, task, daemon } = await begunTask(t);
  const follow = agent.agent('logs', '-f', task.slice(0, 8));
  await until(() => follow.output().includes('begun'), { what: 'the log' });
  daemon.kill('SIGKILL');
  await until(() => follow.output().includes('the agent of test:0 has ended'), { what: 'the note' });
  agent.daemon();
  writeFileSync(path.join(agent.home.folder, 'go'), '');
  t.is((await follow.exited).code, 0, follow.output());
  t.regex(follow.output(), /begun[\s\S]*finished[\s\S]*Process completed successfully/);
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot("another user's daemon is left to that user", async (t: ExecutionContext) => {
  const agent = await agentUnderTest(t);
  const folder = path.join(agent.home.folder, 'other');
  mkdirSync(path.join(folder, 'workers'), { recursive: true, mode: 0o700 });
  const { execFileSync } = await import('node:child_process');
  execFileSync('chmod', ['711', agent.home.folder]);
  execFileSync('chmod', ['700', path.join(folder, 'workers')]);
  const run = () =>
    execFileSync(process.execPath, [AGENT_SCRIPT, 'tasks'], {
      uid: 65534,
      gid: 65534,
      cwd: '/',
      env: { PATH: process.env.PATH, HOME: '/nonexistent', CLEARML_AGENT_STATE_DIR: folder },
      encoding: 'utf8',
      stdio: 'pipe',
    });
  const error = t.throws(run) as Error & { status: number; stderr: string };
  t.is(error.status, 1);
  t.regex(error.stderr, /belongs to another user, and only that user can control the daemons/);
});
