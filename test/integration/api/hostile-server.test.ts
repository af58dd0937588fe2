import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { ANSWER_SHAPES } from '../../../src/api/answer-shapes.js';
import { readEnvelope } from '../../../src/api/envelope.js';
import { ConnectionError } from '../../../src/api/errors.js';
import { QueuesApi } from '../../../src/api/queues.js';
import { TasksApi } from '../../../src/api/tasks.js';
import { isAgentError } from '../../../src/errors.js';
import { apiClientFor } from '../../support/api-client.js';

type Answer = (response: http.ServerResponse) => void;

/** A server that lets everybody in and answers calls as the test says. */
async function serverFor(t: ExecutionContext, answer: Answer): Promise<string> {
  const server = http.createServer((request, response) => {
    if (!request.url?.includes('auth.login')) return answer(response);
    response.end('{"meta":{"result_code":200},"data":{"token":"x.e30.x"}}');
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const HEAD = '{"meta":{"result_code":200},"data":{"queues":[';
const MEGABYTE = '{"id":"q"},'.repeat(95_325);

/** 10 GB, as fast as the other side takes it. */
const endless: Answer = (response) => {
  let left = 10_000;
  response.write(HEAD);
  const more = (): void => {
    while (left > 0 && response.write(MEGABYTE)) left -= 1;
  };
  response.on('drain', more);
  more();
};

test.serial('an answer of 10 GB is cut at the limit, and memory stays where it was', async (t) => {
  const url = await serverFor(t, endless);
  const { client } = apiClientFor(url);
  await client.connect();
  const before = process.memoryUsage().rss;
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss);
  }, 20);
  const begun = performance.now();
  const error = await t.throwsAsync(client.call('queues.get_all', {}, { retry: 'none' }), {
    code: 'API_ANSWER',
  });
  clearInterval(timer);
  t.regex(
    error.message,
    /^the answer of http:\S+ to \/v2\.5\/queues\.get_all is too large: at most 33554432 bytes are read$/,
  );
  t.log(`${Math.round((most - before) / 1e6)} MB more, ${Math.round(performance.now() - begun)} ms`);
  // The pieces of the answer and those that the server has ready, which runs in the same process.
  t.true(most - before < 250e6, `${most - before} bytes`);
});

test('a small answer that unpacks to a large one is cut, too', async (t) => {
  const packed = gzipSync(Buffer.alloc(100_000_000, ' '));
  const url = await serverFor(t, (response) => {
    response.setHeader('content-encoding', 'gzip');
    response.end(packed);
  });
  const { client } = apiClientFor(url);
  await t.throwsAsync(client.call('queues.get_all', {}, { retry: 'none' }), { code: 'API_ANSWER' });
});

test('an answer that drips ends with the deadline of the whole call', async (t) => {
  const timers: NodeJS.Timeout[] = [];
  t.teardown(() => timers.forEach(clearInterval));
  const url = await serverFor(t, (response) => {
    response.write(HEAD);
    timers.push(setInterval(() => response.write(' '), 50));
  });
  const limit = { connect: 2000, read: 1000, whole: 2500 };
  const { client } = apiClientFor(url, {}, { timeouts: { first: limit, usual: limit, large: limit } });
  await client.connect();
  const error = await t.throwsAsync(client.call('queues.get_all', {}, { retry: 'none' }));
  t.true(error instanceof ConnectionError && error.maybeDone);
  t.regex(error.message, /: no whole answer within 2\.5 s$/);
});

const GARBAGE: readonly [what: string, body: string][] = [
  ['nothing', ''],
  ['a half', '{"meta":{"result_code":200},"data":{"queues":[{"id":'],
  ['bytes', '\u0000\u0001\u001b[2J\u00ff'],
  ['a list', '[1,2]'],
  ['another object', '{"a":1}'],
  ['lists within lists', `{"meta":{"result_code":200},"data":${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
  [
    'objects within objects',
    `{"meta":{"result_code":200},"data":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`,
  ],
  ['a list for the data', '{"meta":{"result_code":200},"data":[]}'],
];

for (const [what, body] of GARBAGE)
  test(`an answer that is ${what}: one cause line, a few tries, and the next call works`, async (t) => {
    const state = { bad: true, calls: 0 };
    const url = await serverFor(t, (response) => {
      state.calls += 1;
      response.end(state.bad ? body : '{"meta":{"result_code":200},"data":{"queues":[{"id":"q1"}]}}');
    });
    const { client } = apiClientFor(url);
    const queues = new QueuesApi(client);
    await client.connect();
    const error = await t.throwsAsync(queues.getAll(), { code: 'API_ANSWER' });
    t.true(error.message.startsWith('queues.get_all: expected '), error.message);
    t.true(error.message.length < 500);
    t.is(state.calls, 4);
    state.bad = false;
    t.deepEqual(await queues.getAll(), [{ id: 'q1' }]);
  });

test('the client treats a field of a wrong type as missing, with one line for all calls', async (t) => {
  const task = {
    id: 't1',
    status: 'queued',
    status_message: 7,
    tags: 'x',
    runtime: [1],
    execution: { artifacts: { a: 1 } },
  };
  const data = { tasks: [task, { id: 5, status: 'queued' }, null, 'x', { id: 't2', status: 'stopped' }] };
  const url = await serverFor(t, (response) => {
    response.end(JSON.stringify({ meta: { result_code: 200 }, data }));
  });
  const { client, said } = apiClientFor(url);
  const tasks = new TasksApi(client);
  for (let times = 0; times < 3; times += 1) {
    const found = await tasks.getStatuses(['t1', 't2'], { retry: 'none' });
    t.deepEqual([...found.keys()], ['t1', 't2']);
    t.like(found.get('t1'), { status: 'queued', status_message: null });
  }
  const [first, ...others] = said.filter((line) => line.includes('status_message'));
  t.regex(
    first ?? '',
    /^warn tasks\.get_all: expected a text in tasks\[\]\.status_message from http:\S+, found 7; the agent ignores it$/,
  );
  t.deepEqual(others, []);
});

/** What may stand in the place of any value. */
const WRONG: readonly unknown[] = [
  null,
  true,
  7,
  -1e308,
  '',
  'x\u001b[2J',
  [],
  [[]],
  {},
  { id: {} },
  JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
];

/** Answers that have a wrong value in each place that a shape names. */
function wrongAnswers(shape: unknown, wrong: unknown): unknown[] {
  if (typeof shape !== 'object' || shape === null) return [wrong];
  if ('list' in shape) return [wrong, ...wrongAnswers(shape.list, wrong).map((one) => [one])];
  if (!('fields' in shape)) return [wrong];
  const fields = Object.entries(Object(shape.fields));
  return [
    wrong,
    ...fields.flatMap(([name, inner]) =>
      wrongAnswers(inner, wrong).map((one) => ({ id: 'i', task: 't', [name]: one })),
    ),
  ];
}

for (const [endpoint, shape] of ANSWER_SHAPES)
  test(`${endpoint}: any value in any field is read, or refused by a cause line`, (t) => {
    for (const wrong of WRONG)
      for (const data of wrongAnswers(shape, wrong)) {
        const text = JSON.stringify({ meta: { result_code: 200 }, data });
        try {
          readEnvelope({ status: 200, headers: {}, text }, { server: 'http://s', endpoint, now: 0 });
        } catch (error) {
          if (!isAgentError(error, 'API_ANSWER')) throw error;
          t.true(error.message.startsWith(`${endpoint}: expected `), error.message);
        }
      }
    t.is(Reflect.get({}, 'polluted'), undefined);
  });
