import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, unlinkSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { isAgentError } from '../../../src/errors.js';
import { startServer } from '../../../src/server/server.js';
import { makeCertificates } from '../../support/certificates.js';
import { serverUnderTest } from '../../support/embedded-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

interface Answer {
  status: number;
  text: string;
  headers: Headers;
}

async function get(url: string, init: RequestInit = {}): Promise<Answer> {
  const answer = await fetch(url, init);
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}

function basic({ credentials }: { credentials: { accessKey: string; secretKey: string } }): string {
  return `Basic ${Buffer.from(`${credentials.accessKey}:${credentials.secretKey}`).toString('base64')}`;
}

async function roundTrip(t: ExecutionContext, base: string, authorization: string): Promise<void> {
  const body = new FormData();
  body.append('a/b c.txt', new Blob(['content']), 'x');
  t.is((await get(base, { method: 'POST', body, headers: { authorization } })).status, 200);
  t.is((await get(`${base}/a/b%20c.txt`, { headers: { authorization } })).text, 'content');
}

test('the probes that the guides name are answered on three ports', async (t) => {
  const { server } = await serverUnderTest(t, { builtPage: temporaryFolder(t) });
  t.is((await get(`${server.url}/debug.ping`)).status, 200);
  t.is((await get(`${server.url}/api/debug.ping`)).status, 200);
  t.is((await get(server.webUrl)).status, 200);
  t.is((await get(`${server.webUrl}/configuration.json`)).status, 200);
  t.is((await get(server.filesUrl)).status, 405);
  t.is((await get(`${server.webUrl}/nothing`)).status, 404);
});

test('one port has the page, the API and the file server', async (t) => {
  const { server } = await serverUnderTest(t, { onePort: true, builtPage: temporaryFolder(t) });
  const { webUrl, url, filesUrl } = server;
  t.is(url, `${webUrl}/api`);
  t.is(filesUrl, `${webUrl}/files`);
  t.is((await get(`${webUrl}/api/debug.ping`)).status, 200);
  t.is((await get(`${webUrl}/v2.30/debug.ping`)).status, 200);
  t.is((await get(`${webUrl}/files/`)).status, 405);
  t.is((await get(`${webUrl}/files`)).status, 405);
  const { text, headers } = await get(webUrl);
  t.true(text.includes(`api_server: &quot;${url}&quot;`), text);
  t.regex(headers.get('content-security-policy') ?? '', /default-src 'none'/);
  await roundTrip(t, filesUrl, basic(server));
  t.like(JSON.parse((await get(`${webUrl}/configuration.json`)).text), {
    displayedServerUrls: { apiServer: url, filesServer: filesUrl },
  });
});

test('the addresses that an administrator has set are shown, however the page was reached', async (t) => {
  const displayed = { api: 'https://api.example.com', files: 'https://files.example.com/x' };
  const { server } = await serverUnderTest(t, { displayed });
  t.like(server.shown, { ...displayed, web: server.webUrl });
  t.deepEqual(JSON.parse((await get(`${server.webUrl}/configuration.json`)).text), {
    displayedServerUrls: { apiServer: displayed.api, filesServer: displayed.files },
  });
});

test('forwarded headers count from configured proxies only', async (t) => {
  const headers = { 'x-forwarded-host': 'evil.example"><script>', 'x-forwarded-proto': 'https' };
  const page = { builtPage: temporaryFolder(t) };
  const { server: open } = await serverUnderTest(t, page);
  t.true((await get(open.webUrl, { headers })).text.includes(open.url));
  const { server } = await serverUnderTest(t, { ...page, proxies: ['127.0.0.0/8'] });
  const good = { 'x-forwarded-host': 'app.ml.example.com', 'x-forwarded-proto': 'https' };
  t.regex((await get(server.webUrl, { headers: good })).text, /https:\/\/api\.ml\.example\.com/);
  t.notRegex((await get(server.webUrl, { headers })).text, /<script>/);
});

test('the address of a worker is that which a configured proxy names', async (t) => {
  const register = async (options: { proxies?: string[] }): Promise<string> => {
    const { server, call } = await serverUnderTest(t, options);
    await get(`${server.url}/workers.register`, {
      method: 'POST',
      headers: {
        authorization: basic(server),
        'content-type': 'application/json',
        'x-forwarded-for': '203.0.113.7',
      },
      body: JSON.stringify({ worker: 'one', queues: [] }),
    });
    const { workers } = await call<{ workers: { ip: string }[] }>('workers.get_all');
    return workers[0]?.ip ?? '';
  };
  t.is(await register({}), '127.0.0.1');
  t.is(await register({ proxies: ['127.0.0.1'] }), '203.0.113.7');
});

/** The serial number of the certificate that a server shows. */
function serialOf(url: string, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = https.get(`${url}/debug.ping`, { ca: readFileSync(ca), agent: false }, (answer) => {
      resolve((answer.socket as TLSSocket).getPeerCertificate().serialNumber);
      answer.resume();
    });
    request.once('error', reject);
  });
}

test('a renewed certificate is used without a restart, and a wrong one leaves the old', async (t) => {
  const certificates = makeCertificates(temporaryFolder(t));
  const place = temporaryFolder(t);
  const [cert, key] = [path.join(place, 'cert.pem'), path.join(place, 'key.pem')];
  // Kubernetes and certbot exchange links.
  const use = (one: string, other: string) => {
    for (const [link, to] of [
      [cert, one],
      [key, other],
    ] as const) {
      try {
        unlinkSync(link);
      } catch {
        // The first time there is none.
      }
      symlinkSync(to, link);
    }
  };
  use(certificates.serverCert, certificates.serverKey);
  const lines: string[] = [];
  const log = { info: (line: string) => lines.push(line), error: (line: string) => lines.push(line) };
  const { server } = await serverUnderTest(t, { tls: { cert, key }, log });
  t.true([server.url, server.filesUrl, server.webUrl].every((url) => url.startsWith('https://127.0.0.1:')));
  const first = await serialOf(server.url, certificates.ca);

  const renewed = path.join(place, 'renewed');
  mkdirSync(renewed);
  for (const name of ['ca.pem', 'ca-key.pem', 'server.ext'])
    copyFileSync(path.join(certificates.folder, name), path.join(renewed, name));
  const openssl = (line: string) => execFileSync('openssl', line.split(' '), { cwd: renewed, stdio: 'pipe' });
  openssl(
    'req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=new -keyout k.pem -out c.csr',
  );
  openssl(
    'x509 -req -in c.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -extfile server.ext -out c.pem -days 2',
  );

  use(path.join(renewed, 'c.pem'), certificates.serverKey);
  await server.reloadTls();
  t.is(await serialOf(server.url, certificates.ca), first, 'the key is not that of the certificate');
  t.regex(lines.join('\n'), /the certificate stays as it is: .*are no certificate and its key/);

  use(path.join(renewed, 'c.pem'), path.join(renewed, 'k.pem'));
  await server.reloadTls();
  for (const url of [server.url, server.filesUrl, server.webUrl])
    t.not(await serialOf(url, certificates.ca), first);
  t.regex(lines.at(-1) ?? '', /^reloaded the certificate of /);
});

test('a certificate that cannot be used is named, and the folder stays free', async (t) => {
  const folder = temporaryFolder(t);
  const { serverCert: cert, serverKey: key } = makeCertificates(temporaryFolder(t));
  for (const [files, what] of [
    [
      { cert: '/nonexistent.pem', key },
      /^apiserver\.tls\.cert: cannot read \/nonexistent\.pem: there is no such file$/,
    ],
    [{ cert: key, key }, /are no certificate and its key/],
  ] as const) {
    const error = await t.throwsAsync(startServer({ folder, tls: files }));
    t.true(isAgentError(error, 'SERVER_TLS'), String(error));
    t.regex(error?.message ?? '', what);
  }
  await serverUnderTest(t, { folder, tls: { cert, key } });
});

test('a certificate that has ended is told in the log', async (t) => {
  const certificates = makeCertificates(temporaryFolder(t));
  const { folder, serverKey: key } = certificates;
  execFileSync(
    'openssl',
    'x509 -req -in server.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -out over.pem -days -1'.split(' '),
    { cwd: folder, stdio: 'pipe' },
  );
  const lines: string[] = [];
  const log = { info: () => undefined, error: (line: string) => lines.push(line) };
  const cert = path.join(folder, 'over.pem');
  const { server } = await serverUnderTest(t, { tls: { cert, key }, log });
  t.is(lines.length, 1);
  t.regex(lines[0] ?? '', /over\.pem ended on \d{4}-\d\d-\d\d: clients refuse it$/);
  copyFileSync(certificates.serverCert, cert);
  await server.reloadTls();
  t.is(lines.length, 1);
});
