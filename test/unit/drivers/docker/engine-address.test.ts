import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { dockerAddress, type EngineTarget } from '../../../../src/drivers/docker/connect/engine-address.js';
import { sshCommand } from '../../../../src/drivers/docker/connect/engine-client.js';
import { podmanSockets } from '../../../../src/drivers/docker/connect/podman-service.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const TARGETS: readonly [Record<string, string>, EngineTarget][] = [
  [{}, { kind: 'socket', path: '/var/run/docker.sock' }],
  [{ DOCKER_HOST: ' ' }, { kind: 'socket', path: '/var/run/docker.sock' }],
  [
    { DOCKER_HOST: 'unix:///run/user/1000/docker.sock' },
    { kind: 'socket', path: '/run/user/1000/docker.sock' },
  ],
  [{ DOCKER_HOST: 'unix://' }, { kind: 'socket', path: '/var/run/docker.sock' }],
  [{ DOCKER_HOST: 'tcp://build:4000' }, { kind: 'tcp', host: 'build', port: 4000 }],
  [{ DOCKER_HOST: 'tcp://' }, { kind: 'tcp', host: 'localhost', port: 2375 }],
  [{ DOCKER_HOST: 'build' }, { kind: 'tcp', host: 'build', port: 2375 }],
  [{ DOCKER_HOST: 'tcp://[::1]:4000' }, { kind: 'tcp', host: '[::1]', port: 4000 }],
  [
    { DOCKER_HOST: 'tcp://build', DOCKER_TLS_VERIFY: '1' },
    { kind: 'tcp', host: 'build', port: 2376, tls: { verify: true } },
  ],
  [
    { DOCKER_HOST: 'tcp://build', DOCKER_TLS: '1' },
    { kind: 'tcp', host: 'build', port: 2376, tls: { verify: false } },
  ],
  [{ DOCKER_TLS_VERIFY: '1' }, { kind: 'socket', path: '/var/run/docker.sock' }],
  [{ DOCKER_HOST: 'ssh://build' }, { kind: 'ssh', host: 'build' }],
  [
    { DOCKER_HOST: 'ssh://me@build:2222/run/docker.sock' },
    { kind: 'ssh', host: 'build', user: 'me', port: 2222, socket: '/run/docker.sock' },
  ],
  [
    { DOCKER_HOST: 'tcp://build', DOCKER_CONTEXT: 'other' },
    { kind: 'tcp', host: 'build', port: 2375 },
  ],
  [{ DOCKER_CONTEXT: 'default' }, { kind: 'socket', path: '/var/run/docker.sock' }],
];

for (const [env, target] of TARGETS) {
  test(`the engine of ${JSON.stringify(env)}`, (t) => {
    t.deepEqual(dockerAddress({ HOME: '/nowhere', ...env }).target, target);
  });
}

const WRONG: readonly [Record<string, string>, RegExp][] = [
  [{ DOCKER_HOST: 'http://build' }, /^DOCKER_HOST: expected unix:.*, found "http:\/\/build"$/],
  [{ DOCKER_HOST: 'unix://relative' }, /found "unix:\/\/relative"$/],
  [{ DOCKER_HOST: 'tcp://build:port' }, /found "tcp:\/\/build:port"$/],
  [{ DOCKER_HOST: 'ssh://' }, /found "ssh:\/\/"$/],
  [{ DOCKER_HOST: 'ssh://-oProxyCommand=x' }, /found "ssh:\/\/-oProxyCommand=x"$/],
  [{ DOCKER_HOST: 'ssh://me:secret@build' }, /^(?!.*secret).*without a password/],
  [{ DOCKER_API_VERSION: 'newest' }, /^DOCKER_API_VERSION: expected a version such as 1.41, found "newest"$/],
  [{ DOCKER_CONTEXT: 'none' }, /^there is no docker context none in \/nowhere\/.docker\/contexts$/],
];

for (const [env, message] of WRONG) {
  test(`no engine at ${JSON.stringify(env)}`, (t) => {
    t.throws(() => dockerAddress({ HOME: '/nowhere', ...env }), { message, code: 'CONFIG_VALUE' });
  });
}

test('a context says where its engine is', (t) => {
  const { env, folder } = dockerFolder(t, { currentContext: 'farm' });
  writeContext(folder, 'farm', { Host: 'ssh://me@farm', SkipTLSVerify: false });
  writeContext(
    folder,
    'lab',
    { Host: 'tcp://lab:2376', SkipTLSVerify: true },
    { 'ca.pem': 'CA', 'key.pem': 'KEY' },
  );
  writeContext(folder, 'empty', {});
  t.like(dockerAddress(env), {
    source: 'docker context farm',
    target: { kind: 'ssh', host: 'farm', user: 'me' },
  });
  t.deepEqual(dockerAddress({ ...env, DOCKER_CONTEXT: 'lab', DOCKER_API_VERSION: 'v1.40' }), {
    text: 'tcp://lab:2376',
    source: 'docker context lab',
    target: { kind: 'tcp', host: 'lab', port: 2376, tls: { verify: false, ca: 'CA', key: 'KEY' } },
    apiVersion: '1.40',
  });
  t.throws(() => dockerAddress({ ...env, DOCKER_CONTEXT: 'empty' }), {
    message: /empty names no Docker engine/,
  });
  const id = createHash('sha256').update('farm').digest('hex');
  fs.writeFileSync(path.join(folder, 'contexts/meta', id, 'meta.json'), '{');
  t.throws(() => dockerAddress(env), {
    code: 'CONFIG_FILE',
    message: /meta.json cannot be read: it is no JSON$/,
  });
});

const DEFAULT_TARGET = { kind: 'socket', path: '/var/run/docker.sock' };

for (const [what, spoil, problem] of [
  ['no JSON', '{"auths": {"a": {"auth": "c2VjcmV0"}}', /config.json cannot be read: it is no JSON$/],
  ['empty', '', /config.json cannot be read: it is no JSON$/],
  ['a list', '[]', /config.json cannot be read: it is no JSON object$/],
  ['a text', '"x"', /config.json cannot be read: it is no JSON object$/],
  ['a context that is a number', '{"currentContext": 1}', /config.json: currentContext is not a text/],
  ['a list of logins', '{"auths": []}', /config.json: auths is not an object/],
  ['a helper that is an object', '{"credsStore": {}}', /config.json: credsStore is not a text/],
] as const) {
  test(`a configuration of the docker command that is ${what} is reported and ignored`, (t) => {
    const { env, folder } = dockerFolder(t, {});
    fs.writeFileSync(path.join(folder, 'config.json'), spoil);
    const found = dockerAddress(env);
    t.like(found, { target: DEFAULT_TARGET });
    t.regex(found.problem ?? '', problem);
    t.notRegex(found.problem ?? '', /c2VjcmV0/);
  });
}

test('a configuration that is a folder, or lies below a file, is reported and ignored', (t) => {
  const { env, folder } = dockerFolder(t, {});
  t.is(dockerAddress(env).problem, undefined);
  const file = path.join(folder, 'config.json');
  t.regex(dockerAddress({ ...env, DOCKER_CONFIG: file }).problem ?? '', /ENOTDIR/);
  fs.rmSync(file);
  t.is(dockerAddress(env).problem, undefined);
  fs.mkdirSync(file);
  t.like(dockerAddress(env), { target: DEFAULT_TARGET });
  t.regex(dockerAddress(env).problem ?? '', /config.json cannot be read: EISDIR/);
});

test('rights without an entry are ignored, too', (t) => {
  const { env, folder } = dockerFolder(t, { currentContext: null, auths: null });
  t.is(dockerAddress(env).problem, undefined);
  const file = path.join(folder, 'config.json');
  fs.chmodSync(folder, 0o755);
  fs.chmodSync(file, 0o600);
  process.seteuid?.(65534);
  try {
    t.regex(dockerAddress(env).problem ?? '', /config.json cannot be read: EACCES/);
  } finally {
    process.seteuid?.(0);
  }
});

test('ssh is called as the docker command calls it, with the host apart from options', (t) => {
  const target = { kind: 'ssh', host: 'build', user: 'me', port: 2222, socket: '/run/d.sock' } as const;
  t.is(
    sshCommand(target).join(' '),
    'ssh -T -o BatchMode=yes -o ConnectTimeout=20 -l me -p 2222 -- build docker --host unix:///run/d.sock system dial-stdio',
  );
  t.regex(sshCommand({ kind: 'ssh', host: 'build' }).join(' '), /=20 -- build docker system dial-stdio$/);
});

test('sockets of Podman, the own first', (t) => {
  const system = '/run/podman/podman.sock';
  t.deepEqual(podmanSockets({}, 0), [system]);
  t.deepEqual(podmanSockets({}, 1000), ['/run/user/1000/podman/podman.sock', system]);
  t.deepEqual(podmanSockets({ XDG_RUNTIME_DIR: '/x' }, 1000), ['/x/podman/podman.sock', system]);
  const own = { XDG_RUNTIME_DIR: '/x', CONTAINERS_STORAGE_CONF: '/x/storage.conf' };
  t.deepEqual(podmanSockets(own, 0), ['/x/podman/podman.sock']);
  t.deepEqual(podmanSockets({ CONTAINERS_CONF: '/x/containers.conf' }, 0), [system]);
});

function dockerFolder(t: ExecutionContext, config: Record<string, unknown>) {
  const folder = temporaryFolder(t);
  fs.writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
  return { env: { HOME: '/nowhere', DOCKER_CONFIG: folder }, folder };
}

function writeContext(
  folder: string,
  name: string,
  docker: Record<string, unknown>,
  certificates: Record<string, string> = {},
): void {
  const id = createHash('sha256').update(name).digest('hex');
  const meta = path.join(folder, 'contexts/meta', id);
  fs.mkdirSync(meta, { recursive: true });
  fs.writeFileSync(path.join(meta, 'meta.json'), JSON.stringify({ Name: name, Endpoints: { docker } }));
  const tls = path.join(folder, 'contexts/tls', id, 'docker');
  if (Object.keys(certificates).length > 0) fs.mkdirSync(tls, { recursive: true });
  for (const [file, text] of Object.entries(certificates)) fs.writeFileSync(path.join(tls, file), text);
}
