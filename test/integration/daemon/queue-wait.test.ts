import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { agentHome, startAgent } from '../../support/agent-process.js';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { type FrontHooks, hookedFront } from '../../support/hooked-front.js';
import { startSmallApiServer } from '../../support/small-api-server.js';
import { until } from '../../support/until.js';

const WAIT = 'queues.wait_for_tasks';
const SCRIPT = { binary: '/bin/sh', entry_point: 'task.sh', diff: 'echo hello\n' };

/** A server that tells when a task is queued, and the calls that have begun and ended. */
async function waitingServer(t: ExecutionContext, hooks: FrontHooks = {}) {
  const begun: string[] = [];
  const ended: string[] = [];
  const agent = await agentUnderTest(t);
  const url = await hookedFront(t, agent.server.url, {
    ...hooks,
    before: ({ endpoint }) => void begun.push(endpoint),
    after: ({ endpoint }) => void ended.push(endpoint),
  });
  agent.home.env.CLEARML_API_HOST = url;
  const count = (calls: readonly string[], endpoint: string) =>
    calls.filter((one) => one === endpoint).length;
  return {
    ...agent,
    waits: { begun: () => count(begun, WAIT), ended: () => count(ended, WAIT) },
    looks: () => count(begun, 'queues.get_all'),
  };
}

test('a daemon waits on the server for its next task, and one look follows the end of the wait', async (t) => {
  const { daemon, enqueue, ended, waits, looks } = await waitingServer(t);
  const running = daemon();
  await until(() => waits.begun() === 1, { what: 'the wait', context: running.output });
  const before = looks();
  const task = await enqueue(SCRIPT);
  t.is((await ended(task)).status, 'completed');
  await until(() => waits.begun() === 2, { what: 'the next wait', context: running.output });
  t.is(waits.ended(), 1);
  // For the task, and after it.
  t.is(looks() - before, 2);
});

test('a daemon that is stopped does not wait for the end of its wait', async (t) => {
  const { daemon, waits } = await waitingServer(t);
  const running = daemon();
  await until(() => waits.begun() === 1, { what: 'the wait', context: running.output });
  running.kill('SIGTERM');
  t.is((await running.exited).code, 0, running.output());
  t.is(waits.ended(), 0);
});

test('where waits fail twice, the queues are polled', async (t) => {
  const { daemon, enqueue, ended, waits } = await waitingServer(t, {
    refuse: ({ endpoint }) => (endpoint === WAIT ? { status: 504, subcode: 0 } : undefined),
  });
  const running = daemon();
  await until(() => running.output().includes('the queues are polled'), { what: 'the second failure' });
  const task = await enqueue(SCRIPT);
  t.is((await ended(task)).status, 'completed');
  t.is(waits.begun(), 2);
});

test('a server that offers no waits, and a daemon with an interval of its own, see none', async (t) => {
  const fixed = await waitingServer(t);
  const running = fixed.daemon('--polling-interval', '0.1');
  await until(() => fixed.looks() > 5, { what: 'the looks', context: running.output });
  t.is(fixed.waits.begun(), 0);

  const queue = { id: 'q', name: 'default', entries: [] };
  const plain = await startSmallApiServer({
    accessKey: 'key',
    secretKey: 'secret',
    answers: {
      'queues.get_all': { queues: [queue] },
      'queues.get_by_id': { queue },
      'workers.register': {},
      'workers.unregister': {},
      'workers.status_report': {},
      'workers.get_all': { workers: [] },
      'tasks.get_all': { tasks: [] },
    },
  });
  t.teardown(plain.close);
  const home = await agentHome();
  const conf = `api { api_server: "${plain.url}", credentials { access_key: "key", secret_key: "secret" } }\n`;
  writeFileSync(path.join(home.folder, 'clearml.conf'), conf);
  const other = startAgent(['daemon', '--queue', 'default', '--foreground'], home);
  t.teardown(() => other.kill('SIGKILL'));
  const looks = () => plain.calls.filter((endpoint) => endpoint === 'queues.get_all').length;
  await until(() => looks() > 5, { what: 'the looks', context: other.output });
  t.false(plain.calls.includes(WAIT));
});
