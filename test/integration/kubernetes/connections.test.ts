import { readFileSync } from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { WebSocketServer } from 'ws';
import { Cluster } from '../../../src/drivers/kubernetes/cluster.js';
import { askCluster } from '../../../src/drivers/kubernetes/cluster-request.js';
import { KeptKubeConfig } from '../../../src/drivers/kubernetes/kept-connections.js';
import { openSession } from '../../../src/drivers/kubernetes/pod-session.js';
import { makeCertificates } from '../../support/certificates.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** An API server that answers everything, and the connections that it got. */
async function apiServer(t: ExecutionContext) {
  const files = makeCertificates(temporaryFolder(t));
  const sockets: TLSSocket[] = [];
  const [key, cert] = [readFileSync(files.serverKey), readFileSync(files.serverCert)];
  const state = { closesNext: false };
  const server = https.createServer({ key, cert }, (request, answer) => {
    if (state.closesNext) request.socket.destroy();
    else answer.end('{"kind":"PodList"}');
    state.closesNext = false;
  });
  server.on('secureConnection', (socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const kubeConfig = new KeptKubeConfig();
  const { port } = server.address() as AddressInfo;
  const url = `https://127.0.0.1:${port}`;
  kubeConfig.loadFromClusterAndUser(
    { name: 'c', server: url, caFile: path.resolve(files.ca), skipTLSVerify: false },
    { name: 'u', token: 't' },
  );
  const cluster = new Cluster({ kubeConfig, server: url, context: 'c', namespace: undefined }, 'default');
  const ask = () => askCluster(kubeConfig, { method: 'POST', path: '/api/v1/pods', body: {} });
  return { sockets, state, server, cluster, ask };
}

test('calls that come one after the other share a connection', async (t) => {
  const { sockets, ask } = await apiServer(t);
  for (let call = 0; call < 5; call++) await ask();
  t.is(sockets.length, 1);
});

test('a call over a connection that the server closes at that moment is made again', async (t) => {
  const { sockets, state, ask } = await apiServer(t);
  await ask();
  state.closesNext = true;
  t.deepEqual(await ask(), { kind: 'PodList' });
  t.is(sockets.length, 2);
});

test('a call over a new connection that the server closes is not made again', async (t) => {
  const { sockets, state, ask } = await apiServer(t);
  state.closesNext = true;
  await t.throwsAsync(ask(), { code: 'ECONNRESET' } as never);
  t.is(sockets.length, 1);
});

test('a command in a pod takes a connection that a call left, and a later call gets one of its own', async (t) => {
  const { sockets, server, cluster, ask } = await apiServer(t);
  const pods = new WebSocketServer({ server });
  t.teardown(() => pods.close());
  // The shell says that it has started, by a byte on channel 1.
  pods.on('connection', (socket) => {
    socket.send(Buffer.from([1, 6]));
  });
  await ask();
  const session = await openSession(cluster, { pod: 'p', container: 'task' });
  await session.ready;
  t.is(sockets.length, 1);
  await ask();
  t.is(sockets.length, 2);
  session.close();
});
