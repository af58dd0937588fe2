import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type AgentUnderTest, agentUnderTest } from '../../support/agent-under-test.js';
import { until } from '../../support/until.js';

/** Machines that run many tests at once are slow. */
const PATIENCE_MS = 170_000;

const SHELL = { binary: '/bin/sh', entry_point: 'main.sh' };

interface Hooked extends AgentUnderTest {
  /** Installs a shell script as a hook. */
  hook(name: string, script: string): void;
  /** Lines that hooks wrote to `$NOTES`. */
  notes(): string[];
}

async function hooked(t: ExecutionContext, lines = ''): Promise<Hooked> {
  const agent = await agentUnderTest(t, { CLEARML_AGENT_QUEUE_POLL_FREQ_SEC: '0.3' });
  const { folder } = agent.home;
  const notes = path.join(folder, 'notes');
  mkdirSync(path.join(folder, 'hooks'), { mode: 0o755 });
  const configure = (text: string) => appendFileSync(path.join(folder, 'clearml.conf'), `\n${text}\n`);
  configure(lines);
  return {
    ...agent,
    hook: (name, script) => {
      const file = path.join(folder, 'hooks', name);
      writeFileSync(file, `#!/bin/sh\nNOTES='${notes}'\n${script}\n`);
      chmodSync(file, 0o755);
      configure(`agent.hooks.${name}: "${file}"`);
    },
    notes: () => (existsSync(notes) ? readFileSync(notes, 'utf8').trim().split('\n') : []),
  };
}

test('hooks run around the daemon and its tasks, with facts and without secrets', async (t) => {
  const agent = await hooked(t);
  const note = 'echo "$CLEARML_AGENT_HOOK $CLEARML_AGENT_HOOK_TASK $CLEARML_AGENT_HOOK_STATUS" >> "$NOTES"';
  agent.hook('agent_start', `${note}; echo started by the operator`);
  agent.hook('before_task', `${note}; env > "$NOTES.env"; cat > "$NOTES.json"; echo "words of the hook"`);
  agent.hook('after_task', `${note}; echo "last words of the hook"`);
  agent.hook('agent_stop', note);
  const id = await agent.enqueue({ ...SHELL, diff: 'echo hello; exit 3' });
  const daemon = agent.daemon();
  t.is((await agent.ended(id, PATIENCE_MS)).status, 'failed', daemon.output());
  daemon.kill('SIGTERM');
  t.is((await daemon.exited).code, 0, daemon.output());
  t.deepEqual(agent.notes(), [
    'agent_start  ',
    `before_task ${id} `,
    `after_task ${id} failed`,
    'agent_stop',
  ]);
  t.regex(daemon.output(), /hook agent_start: started by the operator/);
  const log = await agent.log(id);
  t.true(log.indexOf('words of the hook\n') < log.indexOf('hello\n'), log);
  t.true(log.indexOf('hello\n') < log.indexOf('last words of the hook\n'), log);
  t.true(log.endsWith('Process failed, exit code 3'), log);
  const facts: unknown = JSON.parse(readFileSync(path.join(agent.home.folder, 'notes.json'), 'utf8'));
  t.like(facts, { version: 1, hook: 'before_task', task: id, task_name: 'a test task', queue: agent.queue });
  const env = readFileSync(path.join(agent.home.folder, 'notes.env'), 'utf8');
  t.regex(env, /^CLEARML_AGENT_HOOK_WORKER=test:0$/m);
  t.deepEqual(
    env
      .split('\n')
      .filter((line) => /^(CLEARML|TRAINS)_/.test(line) && !line.startsWith('CLEARML_AGENT_HOOK')),
    [],
  );
});

test('nothing of a task is fetched before its before_task has ended', async (t) => {
  const agent = await hooked(t);
  agent.hook(
    'before_task',
    'find "${NOTES%/notes}/.clearml" -name "*.git" >> "$NOTES"; echo "nothing else" >> "$NOTES"',
  );
  const id = await agent.enqueue({ ...SHELL, repository: agent.repository({ 'main.sh': 'echo hello\n' }) });
  const daemon = agent.daemon();
  t.is((await agent.ended(id, PATIENCE_MS)).status, 'completed', daemon.output());
  t.deepEqual(agent.notes(), ['nothing else']);
});

test('a task whose before_task fails goes to the front of its queue, and the daemon pauses', async (t) => {
  const agent = await hooked(t, 'agent.retry.pause_sec: 1.5');
  agent.hook('before_task', '[ -e "$NOTES" ] || { date > "$NOTES"; echo not now; exit 4; }');
  const id = await agent.enqueue({ ...SHELL, diff: 'echo hello' });
  const daemon = agent.daemon();
  const task = await agent.ended(id, PATIENCE_MS);
  t.is(task.status, 'completed', daemon.output());
  const log = await agent.log(id);
  t.regex(log, /not now\n/);
  t.regex(log, /put back: the hook before_task failed: \S+ ended with exit status 4/);
  t.regex(daemon.output(), /no task is taken for 1\.5 s/);
  t.regex(
    daemon.output(),
    /the hook before_task failed: \S+ ended with exit status 4; it is back at the front/,
  );
  t.is(task.runtime.infrastructure_retries, undefined, 'no attempt at the task was made');
});

test('while before_task fails, its reason is on the server and the task waits in its queue', async (t) => {
  const agent = await hooked(t, 'agent.retry.pause_sec: 600');
  agent.hook('before_task', 'exit 1');
  const first = await agent.enqueue({ ...SHELL, diff: 'echo hello' });
  const second = await agent.enqueue({ ...SHELL, diff: 'echo hello' });
  const daemon = agent.daemon();
  await until(() => daemon.output().includes('it is back at the front'), {
    what: 'the way back',
    timeoutMs: PATIENCE_MS,
  });
  const { status, status_reason } = await agent.task(first);
  t.is(status, 'queued');
  t.regex(status_reason, /^put back: the hook before_task failed: \S+ ended with exit status 1$/);
  const { queues } = await agent.call<{ queues: { entries: { task: string }[] }[] }>('queues.get_all', {
    id: [agent.queue],
  });
  t.deepEqual(
    queues[0]?.entries.map((entry) => entry.task),
    [first, second],
  );
});

test('an abort runs on_abort beside the stop, then after_task', async (t) => {
  const agent = await hooked(t);
  agent.hook('on_abort', 'echo "on_abort $CLEARML_AGENT_HOOK_REASON" >> "$NOTES"');
  agent.hook('after_task', 'echo "after_task $CLEARML_AGENT_HOOK_STATUS" >> "$NOTES"');
  const id = await agent.enqueue({ ...SHELL, diff: 'echo begun; sleep 300' });
  const daemon = agent.daemon();
  await until(async () => (await agent.log(id)).includes('begun\n'), {
    what: 'the task',
    context: daemon.output,
    timeoutMs: PATIENCE_MS,
  });
  await agent.call('tasks.stop', { task: id });
  t.is((await agent.ended(id, PATIENCE_MS)).status, 'stopped', daemon.output());
  t.deepEqual(agent.notes(), ['on_abort stopped', 'after_task stopped']);
});

test('after_task runs for a task that a later daemon finishes', async (t) => {
  const agent = await hooked(t);
  agent.hook('after_task', 'echo "$CLEARML_AGENT_HOOK_TASK $CLEARML_AGENT_HOOK_STATUS" >> "$NOTES"');
  const go = path.join(agent.home.folder, 'go');
  const id = await agent.enqueue({
    ...SHELL,
    diff: `echo begun; until [ -e '${go}' ]; do sleep 0.1; done; echo done`,
  });
  const first = agent.daemon();
  await until(async () => (await agent.log(id)).includes('begun\n'), {
    what: 'the task',
    context: first.output,
    timeoutMs: PATIENCE_MS,
  });
  first.kill('SIGKILL');
  await first.exited;
  writeFileSync(go, '');
  const second = agent.daemon();
  t.is((await agent.ended(id, PATIENCE_MS)).status, 'completed', second.output());
  t.deepEqual(agent.notes(), [`${id} completed`]);
});

test('after_task runs again where its daemon was killed meanwhile', async (t) => {
  const agent = await hooked(t);
  agent.hook('after_task', 'echo begun >> "$NOTES"; [ "$(wc -l < "$NOTES")" -gt 1 ] || sleep 300');
  const id = await agent.enqueue({ ...SHELL, diff: 'echo hello' });
  const first = agent.daemon();
  await until(() => agent.notes().length > 0, {
    what: 'the hook',
    context: first.output,
    timeoutMs: PATIENCE_MS,
  });
  first.kill('SIGKILL');
  await first.exited;
  const second = agent.daemon();
  t.is((await agent.ended(id, PATIENCE_MS)).status, 'completed', second.output());
  t.deepEqual(agent.notes(), ['begun', 'begun']);
});

test('a hook that others can exchange ends the daemon before it takes a task', async (t) => {
  const agent = await hooked(t);
  agent.hook('before_task', 'exit 0');
  const file = path.join(agent.home.folder, 'hooks/before_task');
  chmodSync(file, 0o777);
  const id = await agent.enqueue({ ...SHELL, diff: 'echo hello' });
  const daemon = agent.daemon();
  t.is((await daemon.exited).code, 2);
  t.regex(
    daemon.output(),
    /agent\.hooks\.before_task: \S+ is not run: \S+ can be written by other users \(mode 777/,
  );
  t.is((await agent.task(id)).status, 'queued');
});
