import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import test from 'ava';
import { Engine } from '../../../src/drivers/docker/engine.js';
import type { AgentError } from '../../../src/errors.js';
import { type DockerBenchOptions, dockerBench } from '../../support/docker-bench.js';
import { sharedEngine, TEST_ENGINE } from '../../support/docker-engine.js';

const engineFor = sharedEngine(test, async (engine) => {
  await engine.makeBusybox('base:1');
  await engine.makeBusybox('shell-less:1', [], (bin) => fs.rmSync(path.join(bin, 'sh')));
  await engine.makeBusybox('foreign:1', [], makeForeign);
  // As an engine sees it that notices the end of the container late.
  await engine.makeBusybox('late:1', [], (bin) => {
    const shell = '#!/bin/busybox sh\n[ $$ != 1 ] || /bin/busybox sleep 2\nexit 3\n';
    fs.rmSync(path.join(bin, 'sh'));
    fs.writeFileSync(path.join(bin, 'sh'), shell, { mode: 0o755 });
  });
  await engine.makeBusybox('broken:1', [], (bin) => {
    fs.rmSync(path.join(bin, 'sh'));
    fs.writeFileSync(path.join(bin, 'sh'), '#!/bin/false\n', { mode: 0o755 });
  });
});

/** The shell becomes a program of another processor: two bytes of its header name the machine. */
function makeForeign(bin: string): void {
  const program = fs.readFileSync(path.join(bin, 'busybox'));
  program.writeUInt16LE(process.arch === 'arm64' ? 0x3e : 0xb7, 18);
  fs.rmSync(path.join(bin, 'busybox'));
  fs.writeFileSync(path.join(bin, 'busybox'), program, { mode: 0o755 });
}

interface Refused extends Pick<DockerBenchOptions, 'args' | 'image'> {
  what: string;
  code: string;
  message: RegExp;
}

const REFUSED: readonly Refused[] = [
  {
    what: 'a name that is taken',
    args: ['--name', 'taken'],
    code: 'DOCKER_CONTAINER',
    message: /^creating the container: a container with the name taken exists already \([0-9a-f]{12}\)$/,
  },
  {
    what: 'a mount source that does not exist',
    args: ['--mount', 'type=bind,source=/nowhere/at all,target=/x'],
    code: 'DOCKER_CONTAINER',
    message: /^creating the container: the mount source \/nowhere\/at all does not exist$/,
  },
  {
    what: 'a target that is mounted twice',
    args: ['-v', '/tmp:/x', '-v', '/usr:/x'],
    code: 'DOCKER_ARGUMENT',
    message: /two mounts have the same target \/x$/,
  },
  {
    what: 'a device that does not exist',
    args: ['--device', '/dev/no-such-device'],
    code: 'DOCKER_CONTAINER',
    message: /the device \/dev\/no-such-device does not exist on the machine of the engine$/,
  },
  {
    what: 'a network that does not exist',
    args: ['--network', 'no-such-network'],
    code: 'DOCKER_CONTAINER',
    message: /the engine has no network named no-such-network$/,
  },
  {
    what: 'a runtime that does not exist',
    args: ['--runtime', 'no-such-runtime'],
    code: 'DOCKER_ARGUMENT',
    message: /(?:the engine|Podman) has no runtime named no-such-runtime$/,
  },
  {
    what: 'GPUs without their toolkit',
    args: ['--gpus', 'all'],
    code: 'GPU_DEVICE',
    message:
      /could not select device driver|failed to discover GPU vendor from CDI|knows no device nvidia\.com\/gpu=all$|gives containers no GPUs/,
  },
  {
    what: 'a limit that the engine finds too low',
    args: ['-m', '1k'],
    code: 'DOCKER_ARGUMENT',
    message:
      /: the engine refuses it: Minimum memory limit allowed is \d+MB|: the memory limit of 1024 bytes is too low: /,
  },
  {
    what: 'a user that the image does not have',
    args: ['-u', 'somebody'],
    code: 'DOCKER_CONTAINER',
    message: /the image has no user named somebody$/,
  },
  {
    what: 'an image without a shell',
    image: 'shell-less:1',
    code: 'DOCKER_IMAGE',
    message: /the image has no \/bin\/sh$/,
  },
  {
    what: 'an image for another processor',
    image: 'foreign:1',
    code: 'DOCKER_IMAGE',
    message: /the image's programs are not for this machine's processor \(exec format error\)$/,
  },
  {
    what: 'a shell that does nothing',
    image: 'broken:1',
    code: 'DOCKER_CONTAINER',
    message: /^the container ended at once with status 1$/,
  },
  {
    what: 'a shell that does nothing, in a container that ends later',
    image: 'late:1',
    code: 'DOCKER_CONTAINER',
    message: /^the container ended at once with status 3$/,
  },
  {
    what: 'a name that is none',
    image: 'Upper/Case:1',
    code: 'DOCKER_IMAGE',
    message: /^malformed image name "Upper\/Case:1": the repository must be in lower case$/,
  },
];

test('refusals of the engine name their cause and leave nothing behind', async (t) => {
  const engine = await engineFor(t);
  await engine.docker(['create', '--name', 'taken', '--network', 'none', 'base:1', 'true']);
  const wrong: unknown[] = [];
  for (const { what, code, message, args = [], image = 'base:1' } of REFUSED) {
    const env = { DOCKER_HOST: `unix://${engine.socket}` };
    const { driver, request } = await dockerBench(t, { env, image, args: ['-l', 'refused', ...args] });
    const error = await driver.open(request).then(
      ({ ref }) => driver.dispose(ref),
      (reason: AgentError) => reason,
    );
    if (error?.code !== code || !message.test(error.message))
      wrong.push({ what, code: error?.code, message: error?.message });
    t.is(await engine.docker(['ps', '-aq', '--no-trunc', '--filter', 'label=refused']), '', what);
  }
  t.deepEqual(wrong, []);
  t.is(await engine.docker(['volume', 'ls', '-q']), '');
});

function inUse(port: number, by: string): RegExp {
  const address = TEST_ENGINE === 'podman' ? '' : '0\\.0\\.0\\.0';
  return new RegExp(`^starting the container: the published port ${address}:${port} is in use by ${by}$`);
}

test('published ports that are in use are named', async (t) => {
  const engine = await engineFor(t);
  await engine.docker(['network', 'create', 'bridged']);
  // Its bridge would outlive the engine.
  t.teardown(() => engine.docker(['network', 'rm', '--force', 'bridged']));
  const server = net.createServer().listen(0, '0.0.0.0');
  t.teardown(() => server.close());
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const env = { DOCKER_HOST: `unix://${engine.socket}` };
  const args = ['--network', 'bridged', '-l', 'ports', '-p', `${port}:80`];
  const { driver, request } = await dockerBench(t, { env, args });
  await t.throwsAsync(driver.open(request), {
    message: inUse(port, 'a program of this machine'),
  });
  server.close();
  await once(server, 'close');
  const place = await driver.open(request);
  await t.throwsAsync(driver.open({ ...request, taskId: 'T2' }), {
    // Podman's ports are held by programs.
    message: inUse(port, TEST_ENGINE === 'podman' ? 'a program of this machine' : 'another container'),
  });
  await driver.dispose(place.ref);
  t.is(await engine.docker(['ps', '-aq', '--filter', 'label=ports']), '');
});

test('the error names the reason why an engine is unusable', async (t) => {
  await engineFor(t);
  const cases: [Record<string, string>, RegExp][] = [
    [
      { DOCKER_HOST: 'unix:///nowhere.sock' },
      /answers at unix:\/\/\/nowhere.sock: there is no such socket \(ENOENT\)/,
    ],
    [
      { DOCKER_HOST: 'tcp://127.0.0.1:1' },
      /answers at tcp:\/\/127.0.0.1:1: no program listens there \(ECONNREFUSED\)/,
    ],
    [
      { DOCKER_HOST: 'ssh://u@127.0.0.1:1', PATH: process.env.PATH ?? '' },
      /ssh ended with status 255: .*Connection refused/,
    ],
    [{ DOCKER_HOST: 'ssh://u@127.0.0.1', PATH: '/nowhere' }, /cannot run ssh: it is not in PATH/],
  ];
  for (const [env, message] of cases) {
    const error = await t.throwsAsync(Engine.connect(env), { message });
    t.like(error, { code: 'DOCKER_ENGINE' });
  }
});

test.serial('a socket of another group names the group', async (t) => {
  const engine = await engineFor(t);
  fs.chownSync(engine.socket, 0, 1);
  fs.chmodSync(engine.socket, 0o660);
  fs.chmodSync(engine.folder, 0o755);
  const root = process.geteuid?.() === 0;
  if (root) process.seteuid?.(65534);
  try {
    const error = await t.throwsAsync(Engine.connect({ DOCKER_HOST: `unix://${engine.socket}` }), {
      message: `no permission on the container engine's socket ${engine.socket}`,
    });
    t.regex(String(Object(error).hint), /the group "daemon"/);
  } finally {
    if (root) process.seteuid?.(0);
  }
});
