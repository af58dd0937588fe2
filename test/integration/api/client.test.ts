import http from 'node:http';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { ConnectionError, isApiError } from '../../../src/api/errors.js';
import { QueuesApi } from '../../../src/api/queues.js';
import { TasksApi } from '../../../src/api/tasks.js';
import { WorkersApi } from '../../../src/api/workers.js';
import { apiClientFor } from '../../support/api-client.js';
import { type FaultServer, type FaultServerOptions, startFaultServer } from '../../support/fault-server.js';
import { troubleshootingLine } from '../../support/troubleshooting.js';

async function serverFor(t: ExecutionContext, options: FaultServerOptions = {}): Promise<FaultServer> {
  const server = await startFaultServer(options);
  t.teardown(() => server.close());
  server.answers.set('queues.get_all', () => ({ queues: [{ id: 'q1', name: 'default' }] }));
  server.answers.set('tasks.started', () => ({ updated: 1 }));
  return server;
}

function callsOf(server: FaultServer, endpoint: string) {
  return server.calls.filter((call) => call.endpoint === endpoint);
}

test('logs in once and calls as the original does', async (t) => {
  const server = await serverFor(t);
  const { client } = apiClientFor(server.url);
  const queues = new QueuesApi(client);
  const found = await Promise.all([queues.getAll({ name: 'a' }), queues.getAll()]);
  t.deepEqual(found[0], [{ id: 'q1', name: 'default' }]);
  const [login, first] = server.calls;
  t.is(server.calls.length, 3);
  t.is(login?.path, '/auth.login');
  t.is(login?.headers.authorization, `Basic ${Buffer.from('KEY:SECRET').toString('base64')}`);
  t.is(login?.body, '');
  t.is(first?.path, '/v2.5/queues.get_all');
  t.is(first?.method, 'GET');
  t.deepEqual(JSON.parse(first?.body ?? ''), { name: 'a' });
  t.regex(first?.headers.authorization ?? '', /^Bearer /);
  t.is(first?.headers['content-type'], 'application/json');
  t.is(first?.headers['x-clearml-worker'], 'host1');
  t.is(first?.headers['x-trains-agent'], 'api-3.0.3');
  t.is(client.claims.apiVersion, '2.34');
});

test('every attempt of a call can be followed', async (t) => {
  const server = await serverFor(t);
  const calls: string[] = [];
  const notices = { debug: (line: string) => calls.push(line), info: () => undefined, warn: () => undefined };
  const { client } = apiClientFor(server.url, { notices });
  await client.call('queues.get_all', {});
  t.deepEqual(
    calls.map((line) => line.replace(/\d+ ms$/, 'n ms')),
    ['GET /auth.login: status 200 after n ms', 'GET /v2.5/queues.get_all: status 200 after n ms'],
  );
  await server.close();
  await t.throwsAsync(client.call('queues.get_all', {}, { retry: 'none' }));
  t.regex(calls.at(-1) ?? '', /^GET \/v2\.5\/queues\.get_all: .*ECONNREFUSED.* after \d+ ms$/);
});

test('batches are lines of JSON by POST; the default method is what the configuration says', async (t) => {
  const server = await serverFor(t);
  const { client } = apiClientFor(server.url, { defaultMethod: 'put', tokenLifeSeconds: 60 });
  await client.callLines('events.add_batch', [{ a: 1 }, { a: 2 }]);
  await client.call('queues.get_all', {});
  const [login, batch, other] = server.calls;
  t.is(login?.path, '/auth.login?expiration_sec=60');
  t.is(batch?.method, 'POST');
  t.is(batch?.path, '/events.add_batch');
  t.is(batch?.headers['content-type'], 'application/json-lines');
  t.is(batch?.body, '{"a":1}\n{"a":2}');
  t.is(other?.method, 'PUT');
});

test('a token that the server does not take any more is replaced, and the call repeated with the new one', async (t) => {
  const server = await serverFor(t);
  const { client } = apiClientFor(server.url);
  const old = await client.token();
  server.revoked.add(old);
  await Promise.all([client.call('queues.get_all'), client.call('queues.get_all')]);
  t.is(callsOf(server, 'auth.login').length, 2);
  const last = callsOf(server, 'queues.get_all').slice(-2);
  const fresh = `Bearer ${await client.token()}`;
  t.not(fresh, `Bearer ${old}`);
  t.deepEqual(
    last.map(({ headers }) => headers.authorization),
    [fresh, fresh],
  );
});

test('tokens that live shorter than the threshold do not cause a login before every call', async (t) => {
  const server = await serverFor(t, { tokenLife: 3600 });
  const { client } = apiClientFor(server.url);
  for (let call = 0; call < 5; call += 1) await client.call('queues.get_all');
  t.is(callsOf(server, 'auth.login').length, 1);
});

test('credentials that are refused are named', async (t) => {
  const server = await serverFor(t);
  server.faults.set('auth.login', [{ kind: 'status', status: 401, subcode: 20 }]);
  const { client } = apiClientFor(server.url);
  const error = await t.throwsAsync(client.connect(), { code: 'API_CREDENTIALS' });
  t.regex(error.message, troubleshootingLine('credentials-refused', { address: server.url, key: 'KEY' }));
  t.false(error.message.includes('SECRET'));
});

test('an error of the server is thrown with its codes', async (t) => {
  const server = await serverFor(t);
  server.faults.set('tasks.started', [{ kind: 'status', status: 400, subcode: 110 }]);
  const { client } = apiClientFor(server.url);
  const error = await t.throwsAsync(new TasksApi(client).started({ task: 'x' }));
  t.true(isApiError(error, 400, 110));
  t.is(error.message, 'tasks.started: refused by the test (400/110)');
});

test('a server that is busy is asked again, also by POST, and not before it wants to be', async (t) => {
  const server = await serverFor(t);
  const busy = { kind: 'status', status: 429, headers: { 'retry-after': '1' } } as const;
  server.faults.set('events.add_batch', [
    busy,
    { kind: 'status', status: 503 },
    { kind: 'status', status: 500 },
  ]);
  const { client } = apiClientFor(server.url);
  await client.callLines('events.add_batch', [{ a: 1 }]);
  const [first, second] = callsOf(server, 'events.add_batch');
  t.is(callsOf(server, 'events.add_batch').length, 4);
  t.true((second?.at ?? 0) - (first?.at ?? 0) >= 990);
});

test('a broken connection is repeated or reported as the caller wishes', async (t) => {
  const server = await serverFor(t);
  const { client } = apiClientFor(server.url);
  server.faults.set('queues.get_all', [{ kind: 'reset-after' }, { kind: 'reset-before' }]);
  t.deepEqual(await client.call('queues.get_all'), { queues: [{ id: 'q1', name: 'default' }] });
  server.faults.set('tasks.started', [{ kind: 'reset-after' }]);
  const error = await t.throwsAsync(client.call('tasks.started', {}, { retry: 'none', sendOnce: true }));
  t.true(error instanceof ConnectionError && error.maybeDone);
});

test('a connection that the server closed while it was idle does not fail a call', async (t) => {
  const server = await serverFor(t);
  const { client } = apiClientFor(server.url);
  await client.call('queues.get_all');
  t.is(server.connections.size, 1);
  // The server closes the kept connection in the moment in which the next call comes in on it.
  server.faults.set('queues.get_all', [{ kind: 'reset-before' }]);
  await t.notThrowsAsync(client.call('queues.get_all', {}, { retry: 'none' }));
});

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n';

for (const [what, bytes] of [
  ['in its first line', 'HTTP/1.1 2'],
  ['in its head', HEAD],
  ['after its head', `${HEAD}Content-Length: 100\r\n\r\n`],
  ['in its body', `${HEAD}Content-Length: 100\r\n\r\n{"meta":{"result_code":200`],
  ['between two chunks', `${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\n{"met\r\n`],
] as const) {
  test(`an answer that is cut ${what} is a failure, not an idle connection that was closed`, async (t) => {
    const server = await serverFor(t);
    const { client } = apiClientFor(server.url);
    await client.call('queues.get_all');
    server.faults.set('queues.get_all', [{ kind: 'cut', bytes }]);
    const error = await t.throwsAsync(client.call('queues.get_all', {}, { retry: 'none' }));
    t.true(error instanceof ConnectionError && error.maybeDone && !error.stale, String(error));
    t.is(callsOf(server, 'queues.get_all').length, 2);
    server.faults.set('queues.get_all', [{ kind: 'cut', bytes }]);
    await client.call('queues.get_all');
    t.is(callsOf(server, 'queues.get_all').length, 4);
  });
}

test('a connection is kept for as long as the server says, and for 4 s if it says nothing', async (t) => {
  const connections = { said: 0, silent: 0 };
  for (const kind of ['said', 'silent'] as const) {
    const server = http.createServer((request, response) => {
      request.resume();
      const data = request.url?.includes('auth.login') ? { token: 'a.b.c' } : { queues: [] };
      // Node adds the time to its own header alone.
      if (kind === 'silent') response.setHeader('connection', 'keep-alive');
      response.end(JSON.stringify({ meta: { result_code: 200, result_subcode: 0 }, data }));
    });
    server.keepAliveTimeout = 75_000;
    server.on('connection', () => {
      connections[kind] += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.teardown(() => {
      server.closeAllConnections();
      server.close();
    });
    const { client } = apiClientFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await client.call('queues.get_all');
    await new Promise((resolve) => setTimeout(resolve, 4500));
    await client.call('queues.get_all');
  }
  t.deepEqual(connections, { said: 1, silent: 2 });
});

test('one line when the server goes away and one when it is back, however many calls wait', async (t) => {
  const server = await startFaultServer();
  const { client, said } = apiClientFor(server.url);
  await client.connect();
  await server.close();
  const calls = Promise.all([1, 2, 3].map(() => client.call('queues.get_all')));
  await new Promise((resolve) => setTimeout(resolve, 800));
  t.is(said.length, 1);
  t.regex(said[0]?.replace(/^warn /, '') ?? '', troubleshootingLine('server-away'));
  t.regex(said[0] ?? '', /\(.*ECONNREFUSED/);
  const back = await startFaultServer({ port: server.port });
  t.teardown(() => back.close());
  back.answers.set('queues.get_all', () => ({ queues: [] }));
  await calls;
  t.is(said.length, 2);
  t.regex(said[1] ?? '', /^info .* answers again after \d+ s$/);
});

test('without waiting, a server that is not there is an error after a few attempts', async (t) => {
  const server = await startFaultServer();
  await server.close();
  const { client } = apiClientFor(server.url);
  const error = await t.throwsAsync(client.connect({ retry: 'bounded' }), { code: 'API_UNREACHABLE' });
  t.true(error instanceof ConnectionError && !error.maybeDone);
});

test('a signal ends a call that waits for a server, with the signal’s reason', async (t) => {
  const server = await startFaultServer();
  await server.close();
  const { client } = apiClientFor(server.url);
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error('enough')), 100);
  await t.throwsAsync(client.call('queues.get_all', {}, { signal: stop.signal }), { message: 'enough' });
});

test('a call whose signal has aborted before fails without a trace elsewhere', async (t) => {
  const server = await serverFor(t);
  const { client } = apiClientFor(server.url);
  await client.connect();
  const signal = AbortSignal.abort(new Error('enough'));
  await t.throwsAsync(client.call('queues.get_all', {}, { signal, retry: 'none' }), { message: 'enough' });
});

test('a call that hangs ends with the time limit', async (t) => {
  const server = await serverFor(t);
  const limit = { connect: 1000, read: 200, whole: 10_000 };
  const { client } = apiClientFor(server.url, {}, { timeouts: { first: limit, usual: limit, large: limit } });
  server.faults.set('queues.get_all', [{ kind: 'hang' }]);
  const error = await t.throwsAsync(client.call('queues.get_all', {}, { retry: 'none' }));
  t.true(error instanceof ConnectionError && error.maybeDone);
  await t.notThrowsAsync(client.call('queues.get_all'));
});

test('something that is not ClearML is recognised', async (t) => {
  const server = await serverFor(t);
  server.faults.set('auth.login', [
    { kind: 'text', status: 200, body: '<html><body>Welcome to the web app</body></html>' },
    { kind: 'text', status: 301, body: '', headers: { location: 'https://other/auth.login' } },
    { kind: 'text', status: 404, body: 'nginx' },
  ]);
  const { client } = apiClientFor(server.url);
  const page = await t.throwsAsync(client.connect(), { code: 'API_ANSWER' });
  const what = '"Welcome to the web app"';
  t.regex(page.message, troubleshootingLine('not-a-ClearML-server', { address: server.url, what }));
  const moved = await t.throwsAsync(client.connect(), { code: 'API_ANSWER' });
  t.true(moved.message.endsWith('got a redirection to https://other/auth.login'));
  await t.throwsAsync(client.connect(), { code: 'API_ANSWER' });
});

test('a server without runtime properties is asked for them once', async (t) => {
  const server = await serverFor(t);
  const { client } = apiClientFor(server.url);
  const workers = new WorkersApi(client);
  t.is(await workers.getRuntimeProperties('w'), undefined);
  t.is(await workers.getRuntimeProperties('w'), undefined);
  t.false(await workers.setRuntimeProperties({ worker: 'w', runtime_properties: [] }));
  t.is(callsOf(server, 'workers.get_runtime_properties').length, 1);
});

test('a task that is not there', async (t) => {
  const server = await serverFor(t);
  server.faults.set('tasks.get_by_id', [{ kind: 'status', status: 400, subcode: 101 }]);
  const { client } = apiClientFor(server.url);
  await t.throwsAsync(new TasksApi(client).getById('x'), { code: 'TASK_NOT_FOUND' });
});
