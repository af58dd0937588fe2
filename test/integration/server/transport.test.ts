import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { serverUnderTest } from '../../support/embedded-server.js';

interface Sent {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** Unlike fetch, sends a body with GET. */
function send(url: string, { method = 'GET', headers = {}, body }: Sent = {}) {
  return new Promise<{ status: number; headers: http.IncomingHttpHeaders; text: string }>(
    (resolve, reject) => {
      const request = http.request(url, { method, headers, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
      });
      request.on('error', reject).end(body);
    },
  );
}

function basic(credentials: { accessKey: string; secretKey: string }): { authorization: string } {
  const pair = `${credentials.accessKey}:${credentials.secretKey}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** Paths without an endpoint. */
const UNKNOWN = new Set(['nothing.here', 'no-such-path', 'toString.call', '%zz']);

test('the envelope is as strict clients want it, whatever happens', async (t) => {
  const { server } = await serverUnderTest(t);
  const headers = basic(server.credentials);
  const cases: [string, Sent, number, number][] = [
    ['debug.ping', {}, 200, 0],
    ['api/debug.ping', {}, 200, 0],
    ['api/v2.5/debug.ping', {}, 200, 0],
    ['v2.5/queues.get_all', { headers }, 200, 0],
    ['v99.1/queues.get_all', { headers }, 200, 0],
    ['queues.get_all', {}, 401, 20],
    ['queues.get_all', { headers: { authorization: 'Digest x' } }, 401, 10],
    ['queues.get_all', { headers: { authorization: 'Basic !' } }, 401, 22],
    ['queues.get_all', { headers: basic({ accessKey: 'x', secretKey: 'y' }) }, 401, 22],
    ['queues.get_all', { headers: { authorization: 'Bearer a.b.c' } }, 401, 30],
    ['queues.get_all', { headers: { authorization: 'Bearer x' }, method: 'POST', body: '{broken' }, 401, 30],
    ['queues.get_all', { headers, method: 'POST', body: '{broken' }, 400, 0],
    ['nothing.here', { headers }, 404, 0],
    ['no-such-path', { headers }, 400, 0],
    ['toString.call', { headers }, 404, 0],
    ['%zz', { headers }, 400, 0],
    [
      'queues.get_all',
      { headers: { ...headers, 'content-encoding': 'gzip' }, method: 'POST', body: 'x' },
      415,
      0,
    ],
  ];
  for (const [path, sent, status, subcode] of cases) {
    const answer = await send(`${server.url}/${path}`, sent);
    const { meta, data } = JSON.parse(answer.text);
    t.deepEqual([answer.status, meta.result_code, meta.result_subcode], [status, status, subcode], path);
    for (const field of ['id', 'trx', 'result_msg']) t.is(typeof meta[field], 'string', field);
    t.is(typeof meta.endpoint.requested_version, 'string');
    const isThere = !UNKNOWN.has(path);
    const version = path.endsWith('debug.ping') ? '1.0' : '2.4';
    t.is(meta.endpoint.actual_version, isThere ? version : null);
    t.true(typeof data === 'object' && data !== null);
    t.is(answer.headers.server, 'clearml');
  }
});

test('a body goes with any method and any content type', async (t) => {
  const { server } = await serverUnderTest(t);
  const headers = basic(server.credentials);
  const body = JSON.stringify({ name: 'from any method', method: 'get' });
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
    const sent = { method, headers: { ...headers, 'content-length': String(body.length) }, body };
    const { data } = JSON.parse((await send(`${server.url}/debug.ping?extra=1`, sent)).text);
    t.like(data, { name: 'from any method', extra: 1, msg: 'ClearML server' }, method);
  }
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json; charset=utf-8']) {
    const sent = { method: 'POST', headers: { ...headers, 'content-type': type }, body };
    t.like(
      JSON.parse((await send(`${server.url}/debug.ping`, sent)).text).data,
      { name: 'from any method' },
      type,
    );
  }
  const options = await send(`${server.url}/tasks.get_all`, { method: 'OPTIONS' });
  t.deepEqual([options.status, options.text], [200, '']);
});

test('a token says what clients decide by, and ends with its session', async (t) => {
  const { server, call, refusal } = await serverUnderTest(t);
  const { token } = await call<{ token: string }>('auth.login');
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  t.like(claims, { api_version: '2.34', feature_set: 'basic', env: 'prod' });
  t.regex(claims.server_version, /^\d+(\.\d+)*$/);
  t.true(claims.exp - claims.iat >= 30 * 24 * 3600);
  t.is(await refusal('auth.login', { expiration_sec: 31_536_001 }), '400/12');

  const bearer = { authorization: `Bearer ${token}` };
  const status = async (endpoint: string) =>
    (await send(`${server.url}/${endpoint}`, { headers: bearer })).status;
  t.is(await status('auth.login'), 200);
  t.is(await status('auth.logout'), 200);
  t.is(await status('queues.get_all'), 401);
});

test('key pairs: made, used, listed without their secret, revoked', async (t) => {
  const { server, call } = await serverUnderTest(t);
  type Made = { credentials: { access_key: string; secret_key: string } };
  const { credentials } = await call<Made>('auth.create_credentials', { label: 'second' });
  const pair = basic({ accessKey: credentials.access_key, secretKey: credentials.secret_key });
  const headers = { ...pair, 'x-clearml-worker': 'box' };
  t.is((await send(`${server.url}/auth.login`, { headers })).status, 200);
  const listed = await call<{ credentials: { access_key: string }[] }>('auth.get_credentials');
  const found = listed.credentials.find((each) => each.access_key === credentials.access_key);
  t.like(found, { label: 'second', last_used_from: 'box' });
  t.false(JSON.stringify(listed).includes(credentials.secret_key));
  await call('auth.revoke_credentials', { access_key: credentials.access_key });
  t.is((await send(`${server.url}/auth.login`, { headers })).status, 401);
});

test('the server ends within two seconds whatever its clients leave open', async (t) => {
  const { server } = await serverUnderTest(t);
  const agent = new http.Agent({ keepAlive: true });
  t.teardown(() => agent.destroy());
  const beginnings = [
    '',
    'POST /debug.ping HTTP/1.1\r\nHost: x\r\n',
    'POST /debug.ping HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{',
  ];
  for (const address of [server.url, server.filesUrl]) {
    const whole = once(http.get(address, { agent }), 'response') as Promise<[http.IncomingMessage]>;
    const [response] = await whole;
    await once(response.resume(), 'end');
    for (const text of beginnings) await leftOpen(t, Number(new URL(address).port), text);
  }
  const started = performance.now();
  await server.close();
  t.true(performance.now() - started < 2000);
});

/** A connection that says so much and then nothing. */
async function leftOpen(t: ExecutionContext, port: number, text: string): Promise<void> {
  const socket = net.connect(port, '127.0.0.1');
  t.teardown(() => socket.destroy());
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  if (text !== '') await new Promise((resolve) => socket.write(text, resolve));
}

test('a connection outlives the polling interval of agents', async (t) => {
  const { server } = await serverUnderTest(t);
  const answer = await send(`${server.url}/debug.ping`, { headers: { connection: 'keep-alive' } });
  const seconds = /timeout=(\d+)/.exec(String(answer.headers['keep-alive']))?.[1];
  t.true(Number(seconds) > 30, String(answer.headers['keep-alive']));
});

test('a body that is too large is refused in the envelope', async (t) => {
  const { server } = await serverUnderTest(t);
  const headers = { ...basic(server.credentials), 'content-length': String(65 * 1024 * 1024) };
  const answer = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const request = http.request(
      `${server.url}/debug.ping`,
      { method: 'POST', headers, agent: false },
      (response) => {
        let text = '';
        response.on('data', (piece) => (text += String(piece)));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      },
    );
    request.on('error', reject);
    request.flushHeaders();
  });
  t.is(answer.status, 413);
  t.is(JSON.parse(answer.text).meta.result_code, 413);
});
