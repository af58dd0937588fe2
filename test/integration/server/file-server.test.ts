import { createHash, randomBytes } from 'node:crypto';
import { readdir, writeFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import test from 'ava';
import { serverUnderTest } from '../../support/embedded-server.js';
import { until } from '../../support/until.js';

async function files(t: Parameters<typeof serverUnderTest>[0]) {
  const { server, call, folder } = await serverUnderTest(t);
  const { token } = await call<{ token: string }>('auth.login');
  const authorization = `Bearer ${token}`;
  const at = (wirePath: string, init: RequestInit = {}) =>
    fetch(`${server.filesUrl}${wirePath}`, { ...init, headers: { authorization, ...init.headers } });
  const upload = (name: string, content: Uint8Array | string) => {
    const form = new FormData();
    form.append(name, new Blob([content]), 'any-name');
    return at('/', { method: 'POST', body: form });
  };
  return { server, folder: path.join(folder, 'files'), authorization, at, upload };
}

test('what is uploaded comes back, whole, in ranges and by condition', async (t) => {
  const { at, upload } = await files(t);
  const content = randomBytes(3_000_000);
  const name = '/proj/task name.0123/artifacts/ünit/data.bin';
  const stored = await upload(name, content);
  t.deepEqual([stored.status, await stored.json()], [200, [name.slice(1)]]);

  const url = encodeURI(name);
  const whole = await at(url);
  const digest = (bytes: ArrayBuffer | Uint8Array) =>
    createHash('sha256').update(new Uint8Array(bytes)).digest('hex');
  t.is(digest(await whole.arrayBuffer()), digest(content));
  const range = await at(url, { headers: { range: 'bytes=10-19' } });
  t.is(range.status, 206);
  t.deepEqual(new Uint8Array(await range.arrayBuffer()), new Uint8Array(content.subarray(10, 20)));
  const beyond = await at(url, { headers: { range: 'bytes=3000000-' } });
  t.deepEqual([beyond.status, beyond.headers.get('content-range')], [416, 'bytes */3000000']);
  t.is((await at(url, { headers: { 'if-match': '"another"' } })).status, 412);
  const etag = whole.headers.get('etag') ?? '';
  // fetch adds "no-cache" to a condition unless a cache-control is there.
  const condition = { 'if-none-match': etag, 'cache-control': 'max-age=0' };
  t.is((await at(url, { headers: condition })).status, 304);
  t.regex((await at(`${url}?download`)).headers.get('content-disposition') ?? '', /^attachment/);
  const head = await at(url, { method: 'HEAD' });
  t.deepEqual([head.status, head.headers.get('content-length')], [200, '3000000']);

  await upload(name, 'new');
  t.is(await (await at(url)).text(), 'new', 'a second upload replaces the first');
  const gone = await at(url, { method: 'DELETE' });
  t.deepEqual([gone.status, await gone.json()], [200, name.slice(1)]);
  t.deepEqual([(await at(url)).status, (await at(url, { method: 'DELETE' })).status], [404, 404]);
});

test('many are deleted at once', async (t) => {
  const { at, upload } = await files(t);
  await upload('a/one', '1');
  await upload('a/two', '2');
  await upload('a/below/a name', '3');
  const ask = (body: string) =>
    at('/delete_many', { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  const answer = await ask(JSON.stringify({ files: ['/a/one', 'a/none', '/', '../x'] }));
  t.deepEqual(await answer.json(), {
    deleted: { '/a/one': 'a/one' },
    errors: { 'Not found': ['a/none', '../x'], 'Empty path not allowed': ['/'] },
  });
  t.is(await (await at('/a/two')).text(), '2');
  t.is(await (await at('/a/below/a%20name')).text(), '3');
  t.like(await (await ask(JSON.stringify({ files: ['a/below'] }))).json(), {
    deleted: { 'a/below': 'a/below' },
  });
  t.is((await at('/a/below/a%20name')).status, 404);
  for (const body of ['', '{', '[]', '{}', '{"files": []}', '{"files": [1]}', 'null'])
    t.is((await ask(body)).status, 400, body);
});

test('nothing outside the folder is read, written or deleted', async (t) => {
  const { server, folder, authorization, upload, at } = await files(t);
  await writeFile(path.join(folder, '..', 'secret.txt'), 'secret');
  const raw = (method: string, wirePath: string) =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const { hostname, port } = new URL(server.filesUrl);
      const options = { hostname, port, path: wirePath, method, headers: { authorization }, agent: false };
      const request = http.request(options, (response) => {
        let text = '';
        response.on('data', (piece) => (text += String(piece)));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      });
      request.on('error', reject).end();
    });
  for (const wirePath of [
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/a/..%2f..%2fsecret.txt',
    '/..%5csecret.txt',
    '/a%00b',
  ]) {
    for (const method of ['GET', 'DELETE']) {
      const { status, text } = await raw(method, wirePath);
      t.true(status === 404 || status === 400, `${method} ${wirePath}: ${status}`);
      t.false(text.includes('secret\n') || text === 'secret');
    }
  }
  for (const name of ['../escaped', 'a/../../escaped', '', '/']) {
    const { status } = await upload(name, 'x');
    t.true(status === 404 || status === 400, `upload ${name}: ${status}`);
  }
  t.deepEqual(await readdir(folder), [], 'refused uploads leave nothing behind');
  t.is((await at('/')).status, 200);
});

test('only known clients; a bare probe is answered', async (t) => {
  const { server, upload, at } = await files(t);
  await upload('a/file', 'x');
  const probe = await fetch(`${server.filesUrl}/`);
  t.deepEqual([probe.status, probe.headers.get('allow')], [405, 'POST']);
  t.is(await (await at('/')).text(), 'OK');
  t.is((await fetch(`${server.filesUrl}/`, { headers: { authorization: 'Bearer x' } })).status, 401);
  t.is((await fetch(`${server.filesUrl}/a/file`)).status, 401);
  t.is((await fetch(`${server.filesUrl}/`, { method: 'POST', body: new FormData() })).status, 401);
  t.is((await fetch(`${server.filesUrl}/a/file`, { method: 'DELETE' })).status, 401);
});

test('an upload to what cannot be a file is refused', async (t) => {
  const { folder, at, upload } = await files(t);
  await upload('a/file', 'x');
  for (const name of [
    'a',
    'a/file/below',
    'x'.repeat(300),
    `a/${'x/'.repeat(2100)}y`,
    `a/${'é'.repeat(200)}`,
  ]) {
    const { status } = await upload(name, 'y');
    t.is(status, 400, name.slice(0, 20));
    t.true((await at(`/${encodeURIComponent(name)}`)).status < 500);
  }
  const nameless = '--b\r\ncontent-disposition: form-data; filename="x"\r\n\r\nx\r\n--b--\r\n';
  const headers = { 'content-type': 'multipart/form-data; boundary=b' };
  t.is((await at('/', { method: 'POST', body: nameless, headers })).status, 400, 'a part without a name');
  for (const type of ['multipart/form-data', 'multipart/mixed; boundary=', 'text/plain', 'application/json'])
    t.is((await at('/', { method: 'POST', body: 'x', headers: { 'content-type': type } })).status, 400, type);
  t.deepEqual(await readdir(folder), ['a'], 'refused uploads leave nothing behind');
  t.is(await (await at('/a/file')).text(), 'x');
});

test('an upload that breaks off leaves nothing', async (t) => {
  const { server, folder, authorization, at } = await files(t);
  const request = http.request(`${server.filesUrl}/`, {
    method: 'POST',
    headers: {
      authorization,
      'content-type': 'multipart/form-data; boundary=b',
      'content-length': '1000000',
    },
  });
  request.on('error', () => undefined);
  request.write('--b\r\ncontent-disposition: form-data; name="a/half"; filename="x"\r\n\r\nsome content');
  const isEmpty = async () => (await readdir(folder)).length === 0;
  await until(async () => !(await isEmpty()), { what: 'the first part of the upload' });
  request.destroy();
  await until(isEmpty, { what: 'the removal of what was received' });
  t.is((await at('/a/half')).status, 404);
});

const PART = '--b\r\ncontent-disposition: form-data; name="a/part"; filename="x"\r\n\r\n';
/** Bodies that arrive whole, at once, and are no whole upload. */
const CUT_SHORT: readonly string[] = [
  `${PART}some content`,
  `${PART}some content\r\n--b`,
  `${PART}one\r\n${PART.replace('part', 'second')}two`,
  PART,
  PART.slice(0, -2),
  PART.slice(0, 20),
  '--b',
  '--b\r\n',
  '',
];

test('an upload without its end is refused and leaves nothing, and the server runs on', async (t) => {
  const { folder, at } = await files(t);
  const headers = { 'content-type': 'multipart/form-data; boundary=b' };
  for (const body of CUT_SHORT)
    t.is((await at('/', { method: 'POST', body, headers })).status, 400, JSON.stringify(body));
  t.deepEqual(await readdir(folder), []);
});
