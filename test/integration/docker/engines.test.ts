import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { pipeline } from 'node:stream';
import tls from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { Engine } from '../../../src/drivers/docker/engine.js';
import { type Certificates, makeCertificates } from '../../support/certificates.js';
import { dockerBench, readOutput } from '../../support/docker-bench.js';
import { DockerEngine, TEST_ENGINE } from '../../support/docker-engine.js';
import { freePorts } from '../../support/free-ports.js';
import { startSshServer } from '../../support/ssh-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

interface Far {
  engine: DockerEngine;
  certificates: Certificates;
  /** `127.0.0.1:port`, with TLS. */
  address: string;
  /** Folder that the engine does not see. */
  unseen: string;
}

const running: { engine?: Promise<Far> } = {};

/** An engine as on another machine: behind TLS, and without the files of the agent. */
function farEngine(t: ExecutionContext): Promise<Far> {
  t.timeout(120_000);
  running.engine ??= startFar();
  return running.engine;
}

async function startFar(): Promise<Far> {
  const folder = fs.mkdtempSync('/tmp/far-');
  for (const name of ['tls', 'unseen']) fs.mkdirSync(path.join(folder, name));
  const certificates = makeCertificates(path.join(folder, 'tls'));
  const [port = 0] = await freePorts(1);
  const secure = ['--tlsverify', '--tlscacert', certificates.ca, '--tlscert', certificates.serverCert];
  const engine = await DockerEngine.start({
    flags: [`--host=tcp://127.0.0.1:${port}`, ...secure, '--tlskey', certificates.serverKey],
    hide: path.join(folder, 'unseen'),
  });
  if (TEST_ENGINE === 'podman') await startTlsFront(engine.socket, certificates, port);
  await engine.makeBusybox('base:1');
  await engine.makeBusybox('user:1', ['USER 1000:1000']);
  return { engine, certificates, address: `127.0.0.1:${port}`, unseen: path.join(folder, 'unseen') };
}

/** Old services of Podman speak no TLS; people put a proxy before them. */
async function startTlsFront(socket: string, certificates: Certificates, port: number): Promise<void> {
  const read = (file: string) => fs.readFileSync(file);
  const { ca, serverCert, serverKey } = certificates;
  const asked = { requestCert: true, rejectUnauthorized: true };
  const keys = { ca: read(ca), cert: read(serverCert), key: read(serverKey) };
  const server = tls.createServer({ ...asked, ...keys, allowHalfOpen: true }, (client) => {
    const service = net.connect({ path: socket, allowHalfOpen: true });
    pipeline(client, service, client, () => undefined);
  });
  // It ends with the process of the tests.
  server.unref().listen(port, '127.0.0.1');
  await once(server, 'listening');
}

test.after.always(async () => {
  const far = await running.engine;
  await far?.engine.stop();
  if (far) fs.rmSync(path.dirname(far.unseen), { recursive: true, force: true });
});

test('an engine behind TLS is reached by variables and by a context', async (t) => {
  const { certificates, address } = await farEngine(t);
  const DOCKER_HOST = `tcp://${address}`;
  const DOCKER_CERT_PATH = certificates.folder;
  const engine = await Engine.connect({ DOCKER_HOST, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH });
  t.true(await engine.hasImage('base:1'));
  const pinned = { DOCKER_HOST, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH, DOCKER_API_VERSION: '1.40' };
  t.true(await (await Engine.connect(pinned)).hasImage('base:1'));
  // A front without a program of Docker closes the connection.
  const noTls = TEST_ENGINE === 'podman' ? /: the connection broke/ : /: the engine wants TLS$/;
  await t.throwsAsync(Engine.connect({ DOCKER_HOST }), { message: noTls });
  const stranger = { DOCKER_HOST, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: temporaryFolder(t) };
  const error = await t.throwsAsync(Engine.connect(stranger), {
    message: /no container engine answers at tcp:/,
  });
  t.regex(String(Object(error).hint), /DOCKER_CERT_PATH/, error?.message);

  const folder = temporaryFolder(t);
  const id = createHash('sha256').update('far').digest('hex');
  const [meta, tls] = [
    path.join(folder, 'contexts/meta', id),
    path.join(folder, 'contexts/tls', id, 'docker'),
  ];
  for (const made of [meta, tls]) fs.mkdirSync(made, { recursive: true });
  for (const name of ['ca.pem', 'cert.pem', 'key.pem'])
    fs.copyFileSync(path.join(certificates.folder, name), path.join(tls, name));
  const endpoint = { Name: 'far', Endpoints: { docker: { Host: DOCKER_HOST, SkipTLSVerify: false } } };
  fs.writeFileSync(path.join(meta, 'meta.json'), JSON.stringify(endpoint));
  fs.writeFileSync(path.join(folder, 'config.json'), '{"currentContext": "far"}');
  const byContext = await Engine.connect({ DOCKER_CONFIG: folder });
  t.is(byContext.address, `tcp://${address} (docker context far)`);
});

test('an engine is reached over ssh', async (t) => {
  const { engine } = await farEngine(t);
  const folder = temporaryFolder(t);
  const server = await startSshServer(path.join(folder, 'sshd'));
  t.teardown(() => server.close());
  fs.writeFileSync(path.join(folder, 'known'), server.knownHost);
  const settings = `IdentityFile ${server.key}\nIdentitiesOnly yes\nUserKnownHostsFile ${folder}/known\n`;
  fs.writeFileSync(path.join(folder, 'config'), settings);
  fs.writeFileSync(path.join(folder, 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh -F ${folder}/config "$@"\n`, {
    mode: 0o755,
  });
  const PATH = `${folder}:${process.env.PATH}`;
  const host = `ssh://${server.user}@127.0.0.1:${server.port}`;
  const env = { DOCKER_HOST: `${host}${engine.socket}`, PATH };
  const { driver, request } = await dockerBench(t, { env });
  const place = await driver.open(request);
  t.is((await place.exec({ argv: ['cat'] }, { input: 'through ssh' })).stdout, 'through ssh');
  const workload = await driver.launch(place, { argv: ['sh', '-c', 'echo far away; exit 4'] });
  t.is((await readOutput(workload)).text, 'far away\n');
  t.deepEqual(await workload.exited, { kind: 'exited', code: 4 });
  await driver.dispose(workload.ref);

  fs.rmSync(path.join(folder, 'known'));
  const error = await t.throwsAsync(Engine.connect(env), {
    message: /answers at ssh:.*: ssh ended with status 255: Host key verification failed/,
  });
  t.like(error, { code: 'DOCKER_ENGINE' });
});

test('files are uploaded to an engine that does not see them', async (t) => {
  const { engine, unseen } = await farEngine(t);
  const folder = fs.mkdtempSync(path.join(unseen, 'run-'));
  const key = path.join(folder, 'keys/key');
  fs.mkdirSync(path.dirname(key));
  fs.writeFileSync(key, 'secret key\n', { mode: 0o600 });
  const { driver, client, request, lines } = await dockerBench(t, {
    env: { DOCKER_HOST: `unix://${engine.socket}` },
    folder,
    image: 'user:1',
    args: ['-v', `${folder}/keys:/.keys:ro`, '-v', `${folder}:/cache`],
    own: [
      { file: `${folder}/keys`, source: `${folder}/keys`, target: '/.keys', readOnly: true },
      { file: folder, source: folder, target: '/cache', cache: true },
    ],
  });
  const place = await driver.open(request);
  t.regex(lines.join('\n'), /does not see the files of this agent: they are uploaded/);
  t.like(place, { sharesFiles: false });
  t.is(place.inside(`${folder}/elsewhere`), `${folder}/elsewhere`);
  const code = path.join(request.workspace, 'code');
  const made = place.staging?.of(code) ?? '';
  fs.mkdirSync(path.join(made, 'deep'), { recursive: true });
  fs.writeFileSync(path.join(made, 'tool'), '#!/bin/sh\necho "tool $(id -u)"\n', {
    mode: 0o755,
  });
  fs.writeFileSync(path.join(made, 'deep/large'), Buffer.alloc(3_000_000, 'x'));
  fs.symlinkSync('../tool', path.join(made, 'deep/link'));
  await place.staging?.handOver(code);
  const cwd = place.inside(code);
  const script = './deep/link; wc -c < deep/large; cat /.keys/key; touch made ../beside; ls /cache';
  const step = await place.exec({ argv: ['sh', '-c', script], cwd });
  t.is(step.stdout, 'tool 1000\n3000000\nsecret key\n');
  t.regex(step.stderr, /cache: No such file/);
  const late = path.join(request.workspace, 'late');
  fs.writeFileSync(place.staging?.of(late) ?? '', 'later\n');
  await place.staging?.handOver(late);
  t.is((await place.exec({ argv: ['cat', '../late', 'made'], cwd })).stdout, 'later\n');
  const workload = await driver.launch(place, { argv: ['sh', '-c', 'ls; exit 3'], cwd });
  t.is((await readOutput(workload)).text, 'deep\nmade\ntool\n');
  t.deepEqual(await workload.exited, { kind: 'exited', code: 3 });
  await driver.dispose(workload.ref);
  t.is(await client.inspect(String(workload.ref.container)), undefined);
});

test('files are uploaded over TLS to a read-only container', async (t) => {
  const { engine, certificates, address } = await farEngine(t);
  const { driver, request } = await dockerBench(t, {
    env: { DOCKER_HOST: `tcp://${address}`, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: certificates.folder },
    args: ['--read-only', '-t'],
    driver: { files: 'uploaded' },
  });
  const place = await driver.open(request);
  const text = path.join(request.workspace, 'text');
  fs.writeFileSync(place.staging?.of(text) ?? '', 'uploaded\n');
  await place.staging?.handOver(text);
  const workload = await driver.launch(place, {
    argv: ['sh', '-c', 'cat text; touch more || echo closed'],
    cwd: place.inside(request.workspace),
  });
  t.is((await readOutput(workload)).text, 'uploaded\n');
  const volumes = await engine.docker([
    'inspect',
    '-f',
    '{{range .Mounts}}{{.Name}} {{end}}',
    String(workload.ref.container),
  ]);
  await driver.dispose(workload.ref);
  const left = await engine.docker(['volume', 'ls', '-q']);
  for (const name of volumes.trim().split(' ')) t.false(left.includes(name));
});
