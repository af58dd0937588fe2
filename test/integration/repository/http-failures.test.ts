import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import net from 'node:net';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { checkoutRepository } from '../../../src/repository/checkout.js';
import { CheckoutBench } from '../../support/checkout-bench.js';
import { CREDENTIALS, failure, PASSWORD, served } from '../../support/served-repository.js';
import { troubleshootingLine } from '../../support/troubleshooting.js';

test('a connection that breaks off is tried again', async (t) => {
  const { b, server } = await served(t);
  server.drop(1);
  t.truthy((await b.checkout({ repository: `${server.url}/team/repo` })).commit);
  t.regex(b.lines.join('\n'), /the connection to 127\.0\.0\.1 broke off, trying again in 1 s/);
});

test('failures are told apart', async (t) => {
  const { b, server } = await served(t, { bot: PASSWORD });
  const address = `${server.url}/team/repo`;
  const host = '127.0.0.1';
  const none = await failure(b.checkout({ repository: address }));
  t.is(none.code, 'REPOSITORY_CLONE');
  t.regex(none.message, troubleshootingLine('no-credentials', { address, host }));
  const wrong = await failure(
    b.checkout({ repository: address }, { ...CREDENTIALS, 'agent.git_pass': 'wrong-one' }),
  );
  t.regex(wrong.message, troubleshootingLine('wrong-password', { address, host }));
  t.is(wrong.detail?.match(/Authentication failed/g)?.length, 1);
  t.false(JSON.stringify(wrong).includes('wrong-one'));
  t.truthy((await b.checkout({ repository: address }, CREDENTIALS)).commit, 'the cache is as it was');
  const gone = `${server.url}/team/none`;
  const unread = await failure(b.checkout({ repository: gone }, CREDENTIALS));
  t.regex(unread.message, troubleshootingLine('repository-gone', { address: gone }));
});

test('failures of the network are told apart', async (t) => {
  const b = new CheckoutBench();
  t.teardown(() => b.remove());
  const port = await unusedPort();
  const forbidding = await answering(t, http.createServer(), 403);
  const secure = await answering(t, https.createServer({ cert: CERTIFICATE, key: KEY }), 404);
  const table: [failure: string, address: string, host: string][] = [
    ['unknown-host', 'http://no-such-host.invalid/x.git', 'no-such-host.invalid'],
    ['connection-refused', `http://127.0.0.1:${port}/x.git`, '127.0.0.1'],
    ['access-forbidden', `http://127.0.0.1:${forbidding}/x.git`, '127.0.0.1'],
    ['untrusted-certificate', `https://127.0.0.1:${secure}/x.git`, '127.0.0.1'],
  ];
  for (const [row, address, host] of table) {
    const { message } = await failure(b.checkout({ repository: address }, CREDENTIALS));
    t.regex(message, troubleshootingLine(row, { address, host }));
  }
});

const TLS = path.resolve(import.meta.dirname, '../../fixtures/tls');
const CERTIFICATE = readFileSync(path.join(TLS, 'certificate.pem'));
const KEY = readFileSync(path.join(TLS, 'key.pem'));

/** The port of a server that answers everything with one status. */
async function answering(t: ExecutionContext, server: http.Server, status: number): Promise<number> {
  server.on('request', (_request, response: http.ServerResponse) => response.writeHead(status).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A server that takes connections and never answers. */
async function silentRepository(t: ExecutionContext) {
  const server = http.createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { server, repository: `http://127.0.0.1:${port}/x.git` };
}

test('a server that falls silent is given up', async (t) => {
  const b = new CheckoutBench();
  t.teardown(() => b.remove());
  const { repository } = await silentRepository(t);
  const start = performance.now();
  const silent = await failure(b.checkout({ repository }, { 'agent.git.stall_timeout_sec': 1 }));
  t.regex(silent.message, troubleshootingLine('no-progress', { seconds: '1' }));
  t.true(performance.now() - start < 20_000);
});

test('an abort ends a clone at once', async (t) => {
  const b = new CheckoutBench();
  t.teardown(() => b.remove());
  const { server, repository } = await silentRepository(t);
  const abort = new AbortController();
  const request = { ...b.request({ repository }), signal: abort.signal };
  server.once('connection', () => abort.abort(new Error('enough')));
  await t.throwsAsync(checkoutRepository(request), { message: 'enough' });
});

async function unusedPort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
