import test, { type ExecutionContext } from 'ava';
import { type TaskStanding, TasksApi } from '../../../src/api/tasks.js';
import { apiClientFor } from '../../support/api-client.js';
import { type Fault, startFaultServer } from '../../support/fault-server.js';

async function setUp(t: ExecutionContext, answers: Record<string, unknown>) {
  const server = await startFaultServer();
  t.teardown(() => server.close());
  for (const [endpoint, answer] of Object.entries(answers)) server.answers.set(endpoint, () => answer);
  const { client } = apiClientFor(server.url);
  return { server, tasks: new TasksApi(client) };
}

const running = { id: 'one', status: 'in_progress', status_message: '', last_worker: 'host:0' };
const reading: TaskStanding = {
  status: 'in_progress',
  status_message: '',
  last_worker: 'host:0',
  started: null,
};

test('every field that is read is asked for', async (t) => {
  const { server, tasks } = await setUp(t, { 'tasks.get_all': { tasks: [running] } });
  t.deepEqual(await tasks.getStatus('one'), reading);
  const body = JSON.parse(server.calls.find(({ endpoint }) => endpoint === 'tasks.get_all')?.body ?? '');
  t.deepEqual(body.only_fields, ['id', 'status', 'status_message', 'last_worker', 'started']);
});

const lacking: [string, unknown][] = [
  ['no id', [{ status: 'in_progress', status_message: '' }]],
  ['no status', [{ id: 'one' }]],
  ['an empty document', [{}]],
  ['no task', []],
  ['another task', [{ id: 'two', status: 'completed' }]],
];

for (const [what, found] of lacking) {
  test(`an answer with ${what} is completed by the task's id`, async (t) => {
    const { tasks } = await setUp(t, {
      'tasks.get_all': { tasks: found },
      'tasks.get_by_id': { task: running },
    });
    t.deepEqual(await tasks.getStatus('one'), reading);
  });
}

const byId: [string, Fault, TaskStanding | undefined][] = [
  ['is not there', { kind: 'status', status: 400, subcode: 101 }, 'missing'],
  ['is not for this user', { kind: 'status', status: 403, subcode: 21 }, undefined],
  ['cannot be read by the server', { kind: 'status', status: 500, subcode: 100 }, undefined],
  ['is behind a server that is away', { kind: 'status', status: 503 }, undefined],
  ['is lost with its connection', { kind: 'reset-before' }, undefined],
  ['is not an answer of the API', { kind: 'text', status: 200, body: '<html>' }, undefined],
];

for (const [what, fault, expected] of byId) {
  test(`a task that ${what} is ${expected ?? 'unknown'}`, async (t) => {
    const { server, tasks } = await setUp(t, { 'tasks.get_all': { tasks: [] } });
    server.faults.set('tasks.get_by_id', [fault, fault, fault, fault]);
    t.is(await tasks.getStatus('one', { retry: 'none' }), expected);
  });
}

test('an answer by id without the task says nothing', async (t) => {
  const { tasks } = await setUp(t, { 'tasks.get_all': {}, 'tasks.get_by_id': {} });
  t.is(await tasks.getStatus('one'), undefined);
});
