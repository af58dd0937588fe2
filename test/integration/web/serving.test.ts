import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import test from 'ava';
import { builtPage, PAGE_FILES } from '../../support/built-page.js';
import { serverUnderTest } from '../../support/embedded-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}

/** A request whose path goes out as it is; fetch would resolve its dots. */
function get(base: string, target: string, headers: Record<string, string> = {}): Promise<Answer> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const request = http.get({ hostname, port, path: target, headers, agent: false }, async (response) => {
      const parts: Buffer[] = [];
      for await (const part of response) parts.push(part);
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) });
    });
    request.once('error', reject);
  });
}

const SCRIPT = 'assets/main-A1b2C3d4.js';

test('the document answers every route, and its relative addresses begin at the root', async (t) => {
  const { server } = await serverUnderTest(t, builtPage(t));
  for (const route of ['/', '/tasks', '/tasks/0123abcd/console', '/login?x=1.2', '/caf%C3%A9']) {
    const { status, headers, body } = await get(server.webUrl, route);
    t.is(status, 200, route);
    t.is(headers['content-type'], 'text/html; charset=utf-8');
    t.is(headers['cache-control'], 'no-cache');
    t.true(body.toString().includes('<head><base href="/"><script'), body.toString());
  }
});

test('below a path prefix the document and its files are found with the prefix and without it', async (t) => {
  const { server } = await serverUnderTest(t, { ...builtPage(t), pathPrefix: '/ml' });
  for (const route of ['/ml', '/ml/', '/ml/tasks/1', '/tasks/1']) {
    const { body } = await get(server.webUrl, route);
    t.true(body.toString().includes('<base href="/ml/">'), route);
  }
  for (const file of [`/ml/${SCRIPT}`, `/${SCRIPT}`])
    t.is((await get(server.webUrl, file)).body.toString(), PAGE_FILES[SCRIPT]);
});

test('hashed files are kept for good, others are asked for again, and a known one is not sent', async (t) => {
  const { server } = await serverUnderTest(t, builtPage(t));
  const script = await get(server.webUrl, `/${SCRIPT}`);
  t.is(script.headers['cache-control'], 'public, max-age=31536000, immutable');
  t.is(script.headers['content-type'], 'text/javascript; charset=utf-8');
  const icon = await get(server.webUrl, '/favicon.ico');
  t.is(icon.headers['cache-control'], 'no-cache');
  for (const [target, { headers }] of [
    [`/${SCRIPT}`, script],
    ['/favicon.ico', icon],
  ] as const) {
    const again = await get(server.webUrl, target, { 'if-none-match': `"other", W/${headers.etag}` });
    t.is(again.status, 304);
    t.is(again.body.length, 0);
    t.is(again.headers.etag, headers.etag);
  }
  t.is((await get(server.webUrl, '/odd.xyz')).headers['content-type'], 'application/octet-stream');
});

test('a build under the running server: what it removed is not found, and the document is the new one', async (t) => {
  const built = builtPage(t);
  const { server } = await serverUnderTest(t, built);
  await get(server.webUrl, '/');
  rmSync(path.join(built.builtPage, SCRIPT));
  t.is((await get(server.webUrl, `/${SCRIPT}`)).status, 404);
  const other = SCRIPT.replace('A1b2C3d4', 'E5f6G7h8');
  const document = PAGE_FILES['index.html'].replace(SCRIPT, other);
  writeFileSync(path.join(built.builtPage, other), 'new');
  writeFileSync(path.join(built.builtPage, 'index.html'), document);
  t.true((await get(server.webUrl, '/tasks')).body.toString().includes(other));
  t.is((await get(server.webUrl, `/${other}`)).body.toString(), 'new');
});

const ENCODINGS: [accepted: string, encoding: string | undefined][] = [
  ['gzip, deflate, br, zstd', 'br'],
  ['gzip, deflate', 'gzip'],
  ['br;q=0, gzip', 'gzip'],
  ['br; q=0.5', 'br'],
  ['deflate', undefined],
  ['', undefined],
];

test('files go out in the best encoding that the browser takes, each with an entity tag of its own', async (t) => {
  const { server } = await serverUnderTest(t, builtPage(t));
  const decoders: Record<string, (bytes: Buffer) => Buffer> = { br: brotliDecompressSync, gzip: gunzipSync };
  const tags = new Map<string, unknown>();
  for (const [accepted, encoding] of ENCODINGS) {
    const { headers, body } = await get(server.webUrl, `/${SCRIPT}`, { 'accept-encoding': accepted });
    t.is(headers['content-encoding'], encoding, accepted);
    t.is(headers.vary, 'Accept-Encoding');
    const decoded = encoding === undefined ? body : decoders[encoding]?.(body);
    t.is(decoded?.toString(), PAGE_FILES[SCRIPT]);
    tags.set(encoding ?? 'plain', headers.etag);
  }
  t.is(new Set(tags.values()).size, 3);
  const font = await get(server.webUrl, '/assets/font-Q.woff2', { 'accept-encoding': 'br' });
  t.is(font.headers['content-encoding'], undefined);
});

test('no path leads to a file outside of the built page', async (t) => {
  const page = builtPage(t);
  symlinkSync(path.join(page.builtPage, '..', 'secret.txt'), path.join(page.builtPage, 'link.txt'));
  const { server } = await serverUnderTest(t, page);
  const escapes = [
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/assets/../../secret.txt',
    '/assets/..%5c..%5csecret.txt',
    '//secret.txt',
    '/link.txt',
    '/assets/none.js',
    '/assets/none',
    '/missing.png',
    '/%00.txt',
  ];
  for (const target of escapes) {
    const { status, body } = await get(server.webUrl, target);
    t.is(status, 404, target);
    t.false(body.includes('secret'), target);
  }
  t.is((await get(server.webUrl, '/%')).status, 400);
});

test('the page takes nothing from other origins, and no other page shows it', async (t) => {
  const { server } = await serverUnderTest(t, builtPage(t));
  for (const target of ['/', `/${SCRIPT}`, '/configuration.json', '/none.js']) {
    const { headers } = await get(server.webUrl, target);
    const policy = String(headers['content-security-policy']).split('; ');
    const expected = [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "img-src 'self' data: blob:",
      "frame-ancestors 'none'",
    ];
    for (const directive of expected) t.true(policy.includes(directive), `${target}: ${directive}`);
    t.is(headers['x-content-type-options'], 'nosniff');
    t.is(headers['referrer-policy'], 'no-referrer');
  }
});

test("the page's port also answers calls and serves files, so that no request leaves its origin", async (t) => {
  const { server, call } = await serverUnderTest(t, builtPage(t));
  t.is((await get(server.webUrl, '/api/debug.ping')).status, 200);
  t.is((await get(server.webUrl, '/v2.30/debug.ping')).status, 200);
  t.is((await get(server.webUrl, '/files/')).status, 405);
  const { token } = await call<{ token: string }>('auth.login');
  const cookie = `clearml_token_basic=${token}`;
  const answer = await fetch(`${server.webUrl}/api/users.get_current_user`, {
    method: 'POST',
    headers: { cookie, origin: new URL(server.webUrl).origin, 'content-type': 'application/json' },
    body: '{}',
  });
  t.is(answer.status, 200);
});

test('an uploaded document has an origin of its own, so that its scripts are no part of the page', async (t) => {
  const { server } = await serverUnderTest(t, builtPage(t));
  const { accessKey, secretKey } = server.credentials;
  const authorization = `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}`;
  const body = new FormData();
  body.append('x/report.html', new Blob(['<script>1</script>']), 'x');
  await fetch(server.filesUrl, { method: 'POST', headers: { authorization }, body });
  const { status, headers } = await get(server.webUrl, '/files/x/report.html', { authorization });
  t.is(status, 200);
  t.regex(String(headers['content-security-policy']), /^sandbox allow-scripts;/);
  t.notRegex(String(headers['content-security-policy']), /allow-same-origin/);
  t.is(headers['x-content-type-options'], 'nosniff');
});

test('a browser that reached the page by a name of another site gets no page', async (t) => {
  const { server } = await serverUnderTest(t, builtPage(t));
  const agent = { 'user-agent': 'Mozilla/5.0' };
  const { port } = new URL(server.webUrl);
  for (const target of ['/', `/${SCRIPT}`, '/configuration.json']) {
    const refused = await get(server.webUrl, target, { ...agent, host: 'rebound.example.net' });
    t.is(refused.status, 403);
    t.regex(refused.body.toString(), /not a name of this server; apiserver\.allowed_hosts/);
    t.is((await get(server.webUrl, target, { ...agent, host: `localhost:${port}` })).status, 200);
  }
});

test('a package without a built page says so on its port, and names the addresses', async (t) => {
  const { server } = await serverUnderTest(t, { builtPage: temporaryFolder(t) });
  const { status, body, headers } = await get(server.webUrl, '/');
  t.is(status, 200);
  t.regex(body.toString(), /The page is not part of this installation: <code>npm run build<\/code> makes it/);
  t.true(body.toString().includes(server.url));
  t.regex(String(headers['content-security-policy']), /script-src|default-src 'none'/);
  t.is((await get(server.webUrl, '/tasks')).status, 404);
});

test('a file that an upgrade of the package took away is not found', async (t) => {
  const page = builtPage(t);
  const { server } = await serverUnderTest(t, page);
  rmSync(path.join(page.builtPage, SCRIPT));
  t.is((await get(server.webUrl, `/${SCRIPT}`)).status, 404);
  t.is((await get(server.webUrl, '/tasks')).status, 200);
});
