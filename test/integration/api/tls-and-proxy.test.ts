import { readFileSync } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ConnectionError } from '../../../src/api/errors.js';
import { createApiClient } from '../../../src/api/settings.js';
import { loadConfig } from '../../../src/config/load.js';
import { type AgentError, isAgentError } from '../../../src/errors.js';
import { startFaultServer } from '../../support/fault-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { troubleshootingLine } from '../../support/troubleshooting.js';

const folder = path.join(import.meta.dirname, '../../fixtures/tls');
const certificateFile = path.join(folder, 'certificate.pem');
const keyFile = path.join(folder, 'key.pem');
const certificate = readFileSync(certificateFile, 'utf8');
const key = readFileSync(keyFile, 'utf8');
/** Signed by itself, so it is its own authority. */
const identity = { cert: certificate, key };

function clientFor(t: ExecutionContext, server: string, env: Record<string, string>) {
  const credentials = { CLEARML_API_ACCESS_KEY: 'KEY', CLEARML_API_SECRET_KEY: 'SECRET' };
  const config = loadConfig({
    env: { CLEARML_API_HOST: server, ...credentials, ...env },
    home: temporaryFolder(t),
  });
  const client = createApiClient(config, {
    hostName: 'h',
    notices: { info: () => undefined, warn: () => undefined },
  });
  t.teardown(() => client.close());
  return client;
}

const TRUSTED: readonly [what: string, env: Record<string, string>][] = [
  ['REQUESTS_CA_BUNDLE', { REQUESTS_CA_BUNDLE: certificateFile }],
  ['CURL_CA_BUNDLE', { CURL_CA_BUNDLE: certificateFile }],
  ['SSL_CERT_FILE', { SSL_CERT_FILE: certificateFile }],
  ['a folder of certificates', { REQUESTS_CA_BUNDLE: folder }],
  ['a path as CLEARML_API_HOST_VERIFY_CERT', { CLEARML_API_HOST_VERIFY_CERT: certificateFile }],
  ['verification switched off', { CLEARML_API_HOST_VERIFY_CERT: 'false' }],
];

for (const [what, env] of TRUSTED) {
  test(`a private authority: ${what}`, async (t) => {
    const server = await startFaultServer({ tls: identity });
    t.teardown(() => server.close());
    t.is((await clientFor(t, server.url, env).connect()).apiVersion, '2.34');
  });
}

test('the client refuses an untrusted certificate at once and names the remedy', async (t) => {
  const server = await startFaultServer({ tls: identity });
  t.teardown(() => server.close());
  const error = await t.throwsAsync(clientFor(t, server.url, {}).connect());
  t.true(error instanceof ConnectionError && error.hint?.includes('REQUESTS_CA_BUNDLE'));
  t.regex(error.message, troubleshootingLine('certificate-not-trusted', { address: server.url }));
});

test('a bundle that cannot be read is named', (t) => {
  const error = t.throws(() => clientFor(t, 'https://x', { REQUESTS_CA_BUNDLE: '/nowhere.pem' }), {
    code: 'CONFIG_FILE',
  });
  t.true(error.message.startsWith('REQUESTS_CA_BUNDLE: cannot read /nowhere.pem'));
});

test('a server that wants a certificate of its clients gets it', async (t) => {
  const server = await startFaultServer({
    tls: { ...identity, ca: certificate, requestCert: true, rejectUnauthorized: true },
  });
  t.teardown(() => server.close());
  const env = { REQUESTS_CA_BUNDLE: certificateFile };
  const own = {
    CLEARML_AGENT__API__CLIENT_CERTIFICATE: certificateFile,
    CLEARML_AGENT__API__CLIENT_KEY: keyFile,
  };
  t.is((await clientFor(t, server.url, { ...env, ...own }).connect()).apiVersion, '2.34');
  await t.throwsAsync(clientFor(t, server.url, env).connect({ retry: 'none' }));
});

test('a proxy carries plain calls, and tunnels encrypted ones', async (t) => {
  const proxy = await startProxy(t);
  const plain = await startFaultServer();
  const secure = await startFaultServer({ tls: identity });
  t.teardown(() => plain.close());
  t.teardown(() => secure.close());
  const address = `http://me:pass@127.0.0.1:${proxy.port}`;
  const env = { HTTP_PROXY: address, HTTPS_PROXY: address, REQUESTS_CA_BUNDLE: certificateFile };
  await clientFor(t, plain.url, env).connect();
  await clientFor(t, secure.url, env).connect();
  await clientFor(t, plain.url, { ...env, NO_PROXY: '127.0.0.0/8' }).connect();
  const expected = `Basic ${Buffer.from('me:pass').toString('base64')}`;
  t.deepEqual(proxy.seen, [
    ['GET', `${plain.url}/auth.login`, expected],
    ['CONNECT', `127.0.0.1:${secure.port}`, expected],
  ]);
});

for (const scheme of ['http', 'https'] as const) {
  for (const status of [403, 407, 502] as const) {
    test(`a proxy that answers ${status} to ${scheme} is named, without its password`, async (t) => {
      const refuse = `HTTP/1.1 ${status} Refused\r\nContent-Length: 7\r\nConnection: close\r\n\r\nrefused`;
      const proxy = net.createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.end(refuse));
      });
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      t.teardown(() => proxy.close());
      const { port } = proxy.address() as AddressInfo;
      const error = await refusedBy(t, scheme, `http://me:pa55word@127.0.0.1:${port}`);
      t.regex(error.message, new RegExp(`proxy http://\\*{4}@127\\.0\\.0\\.1:${port} \\(${scheme}_proxy\\)`));
      t.notRegex(JSON.stringify([error.message, error.hint]), /pa55word|me:/);
    });
  }

  test(`a proxy for ${scheme} that is not there is named`, async (t) => {
    const error = await refusedBy(t, scheme, 'me:pa55word@127.0.0.1:1');
    t.regex(error.message, /ECONNREFUSED|refused/);
    t.true(error.message.includes(`the proxy http://****@127.0.0.1:1 (${scheme}_proxy)`), error.message);
  });

  test(`a proxy for ${scheme} with an unknown name is named`, async (t) => {
    const error = await refusedBy(t, scheme, 'http://no-such-proxy.invalid:3128');
    t.true(error.message.includes(`the proxy http://no-such-proxy.invalid:3128 (${scheme}_proxy)`));
  });
}

async function refusedBy(t: ExecutionContext, scheme: string, proxy: string): Promise<AgentError> {
  const client = clientFor(t, `${scheme}://api.example.com`, { [`${scheme}_proxy`]: proxy });
  const error = await t.throwsAsync(client.connect({ retry: 'none' }));
  if (isAgentError(error)) return error;
  throw error ?? new Error('no error');
}

type Passed = [method: string | undefined, target: string | undefined, authorization: string | undefined];

async function startProxy(t: ExecutionContext): Promise<{ port: number; seen: Passed[] }> {
  const seen: Passed[] = [];
  const note = ({ method, url, headers }: http.IncomingMessage) =>
    seen.push([method, url, headers['proxy-authorization']]);
  const server = http.createServer((request, response) => {
    note(request);
    const { method, headers } = request;
    const onward = http.request(request.url ?? '', { ...(method ? { method } : {}), headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  server.on('connect', (request, socket) => {
    note(request);
    const target = new URL(`http://${request.url}`);
    const onward = net.connect(Number(target.port), target.hostname, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('error', () => onward.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, seen };
}
