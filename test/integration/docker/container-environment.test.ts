import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { machine } from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { execa } from 'execa';
import { AgentError, isAgentError } from '../../../src/errors.js';
import { type ContainerTaskOptions, containerTask } from '../../support/container-task.js';
import { sharedEngine } from '../../support/docker-engine.js';
import { makeMachineImage } from '../../support/machine-image.js';
import { packageIndex } from '../../support/package-index.js';
import { pythonTool } from '../../support/python-tools.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** What Debian's Python is linked with, and a few programs. */
const BARE = ['bash', 'dash', 'coreutils', 'libc-bin', 'zlib1g', 'libexpat1', 'libffi8'];

/** What installs more. */
const DEBIAN = [
  ...BARE,
  'apt',
  'dpkg',
  'perl-base',
  'tar',
  'sed',
  'diffutils',
  'findutils',
  'grep',
  'debianutils',
  'debian-archive-keyring',
];

const engineFor = sharedEngine(
  test,
  async (engine) => {
    await makeMachineImage(engine, 'python:1', { packages: [...BARE, 'python3', 'python3-pip'] });
    await makeMachineImage(engine, 'debian:1', { packages: DEBIAN, records: true });
    await engine.makeBusybox('base:1');
    await engine.makeBusybox('user:1', ['USER 1000:1000']);
  },
  170_000,
);

/** Upkeep that goes well has nothing to warn of. */
function quiet(t: ExecutionContext) {
  return { info: () => undefined, warn: (text: string) => t.fail(text) };
}

/** The agent's environment with a uv on PATH. */
async function withUv(more: Record<string, string> = {}): Promise<NodeJS.ProcessEnv> {
  return { ...process.env, PATH: `${path.dirname(await pythonTool('uv'))}:${process.env.PATH}`, ...more };
}

test('an environment is built by the uv of the machine, from the index of the agent, and kept', async (t) => {
  const engine = await engineFor(t);
  const index = await packageIndex(t, [{ name: 'alpha', version: '1.0', value: 'first' }], { login: false });
  const hostEnvironment = await withUv({ PIP_INDEX_URL: index.url, PIP_FIND_LINKS: '/nowhere' });
  const root = temporaryFolder(t);
  const options: ContainerTaskOptions = { image: 'python:1', root, packages: ['alpha'], hostEnvironment };
  const cold = await containerTask(t, engine, options);
  const first = await cold.environment();
  t.is(await cold.python(first, 'import alpha; print(alpha.VALUE)'), 'first');
  t.deepEqual([first.cacheHit, first.manager], [false, 'uv']);
  const kept = () => readdirSync(path.join(root, 'environments'), { recursive: true, encoding: 'utf8' });
  t.false(kept().some((file) => /entries.*\/alpha\..*\.pyc$/.test(file)));
  await first.upkeep?.({ signal: new AbortController().signal, logger: quiet(t) });
  t.true(kept().some((file) => /entries.*\/alpha\..*\.pyc$/.test(file)));
  const other = ['--read-only', '--network', 'none', '--user', '1234:1234'];
  const warm = await containerTask(t, engine, { ...options, args: other });
  const second = await warm.environment();
  t.true(second.cacheHit);
  t.is(
    await warm.python(
      second,
      'import alpha, os, sys; print(alpha.VALUE, sys.prefix, os.access(sys.prefix, os.W_OK))',
    ),
    'first /.clearml.workspace/venv True',
  );
  t.deepEqual(second.frozen, ['alpha==1.0']);
});

test('packages of the image are already installed; its user need not be root', async (t) => {
  const engine = await engineFor(t);
  const index = await packageIndex(
    t,
    [
      { name: 'alpha', version: '1.0', requires: ['beta'] },
      { name: 'beta', version: '2.0', value: 'of the index' },
    ],
    { login: false },
  );
  const root = temporaryFolder(t);
  const folder = path.join(root, 'packages');
  mkdirSync(path.join(folder, 'beta-1.5.dist-info'), { recursive: true });
  writeFileSync(path.join(folder, 'beta.py'), 'VALUE = "of the image"\n');
  const metadata = 'Metadata-Version: 2.1\nName: beta\nVersion: 1.5\n';
  writeFileSync(path.join(folder, 'beta-1.5.dist-info/METADATA'), metadata);
  const { library } = await machinePython();
  const mount = `${folder}:/usr/local/lib/${path.basename(library)}/dist-packages:ro`;
  const task = await containerTask(t, engine, {
    image: 'python:1',
    root,
    args: ['--user', '1234:1234', '-v', mount],
    packages: ['alpha'],
    hostEnvironment: await withUv({ PIP_INDEX_URL: index.url }),
  });
  const environment = await task.environment();
  t.is(environment.manager, 'pip');
  const code = 'import alpha, beta, os; print(os.getuid(), alpha.VALUE, beta.VALUE)';
  t.is(await task.python(environment, code), '1234 1.0 of the image');
});

test('an agent that is not root clears up behind containers that are', async (t) => {
  const engine = await engineFor(t);
  const root = temporaryFolder(t);
  const user = { uid: 1234, gid: 1234 };
  chownSync(root, user.uid, user.gid);
  chmodSync(engine.socket, 0o666);
  chmodSync(engine.folder, 0o755);
  const script = path.resolve(import.meta.dirname, '../../support/other-user-agent.ts');
  const words = ['--import', 'tsx', script, engine.socket, root, 'python:1'];
  const env = { PATH: process.env.PATH, HOME: root, TMPDIR: root };
  const { stdout } = await execa(process.execPath, words, { ...user, env, extendEnv: false });
  t.deepEqual(JSON.parse(stdout), [user.uid, false, true]);
});

test('packages go into an environment that is activated', async (t) => {
  const engine = await engineFor(t);
  const index = await packageIndex(t, [{ name: 'alpha', version: '1.0' }], { login: false });
  const activation =
    'python3 -m venv --without-pip --system-site-packages /tmp/own\nexport VIRTUAL_ENV=/tmp/own PATH="/tmp/own/bin:$PATH"';
  const task = await containerTask(t, engine, {
    image: 'python:1',
    scripts: [{ name: 'activation', text: activation }],
    packages: ['alpha'],
    hostEnvironment: await withUv({ PIP_INDEX_URL: index.url }),
  });
  const environment = await task.environment();
  t.deepEqual(environment.python, ['/tmp/own/bin/python']);
  t.is(await task.python(environment, 'import alpha, sys; print(alpha.VALUE, sys.prefix)'), '1.0 /tmp/own');
});

test('an environment is made where the engine does not see the files of the agent', async (t) => {
  const engine = await engineFor(t);
  const index = await packageIndex(t, [{ name: 'alpha', version: '1.0' }], { login: false });
  const task = await containerTask(t, engine, {
    image: 'python:1',
    files: 'uploaded',
    args: ['--user', '1234:1234'],
    packages: ['alpha'],
    hostEnvironment: await withUv({ UV_DEFAULT_INDEX: index.url }),
  });
  const environment = await task.environment();
  t.is(await task.python(environment, 'import alpha; print(alpha.VALUE)'), '1.0');
  t.is(environment.manager, 'uv');
});

test('an image without Python is brought one of the machine, without a network and root', async (t) => {
  const engine = await engineFor(t);
  const root = temporaryFolder(t);
  const managed = path.join(root, 'managed');
  await managedPython(path.join(managed, `cpython-3.11.99-linux-${machine()}-gnu`));
  const task = await containerTask(t, engine, {
    image: 'debian:1',
    root,
    args: ['--network', 'none', '--user', '1234:1234', '-e', 'OWN=1', '-e', 'https_proxy=http://p:1'],
    scripts: [{ name: 'own programs first', text: 'export PATH="/tmp/own:$PATH"' }],
    hostEnvironment: { ...process.env, UV_PYTHON_INSTALL_DIR: managed },
  });
  const environment = await task.environment();
  t.regex(task.lines.join('\n'), /The image has no Python; brought Python 3\.11\.99 of this machine in \d/);
  t.regex(
    await task.python(environment, 'import json, os; print(os.getuid(), json.__file__)'),
    /^1234 \/\.clearml\.workspace\//,
  );
  const asRoot = await task.place.exec(
    { argv: ['sh', '-c', 'id -u; echo "$PATH:$OWN:$HOME:$https_proxy"'] },
    { asRoot: true },
  );
  t.is(asRoot.stdout, '0\n/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin::/root:http://p:1\n');
});

/** The interpreter of this machine in a folder as uv keeps them. */
async function managedPython(folder: string): Promise<void> {
  const { program, library } = await machinePython();
  mkdirSync(path.join(folder, 'bin'), { recursive: true });
  cpSync(program, path.join(folder, 'bin/python3'));
  const filter = (file: string) => !/__pycache__|\/test$/.test(file);
  cpSync(library, path.join(folder, 'lib', path.basename(library)), { recursive: true, filter });
}

async function machinePython(): Promise<{ program: string; library: string }> {
  const code = 'import os, sys; print(os.path.realpath(sys.executable)); print(os.path.dirname(os.__file__))';
  const { stdout } = await execa('/usr/bin/python3', ['-c', code]);
  const [program = '', library = ''] = stdout.split('\n');
  return { program, library };
}

test('an image without Python is enough for a task that needs none', async (t) => {
  const engine = await engineFor(t);
  const args = ['--network', 'none'];
  const shell = await containerTask(t, engine, {
    image: 'base:1',
    args,
    binary: 'bash',
    request: { optional: true },
  });
  t.is((await shell.environment()).manager, 'none');
  const python = await containerTask(t, engine, { image: 'base:1', args });
  const error = await t.throwsAsync(python.environment());
  t.true(isAgentError(error, 'PYTHON_MISSING'));
  t.regex(
    error?.message ?? '',
    /^the image has no Python, and none could be installed: pip cannot be installed: the image has no package manager that is known/,
  );
  for (const said of [
    new AgentError(
      'DOCKER_ARGUMENT',
      'running a command in the container: the engine refuses it: badly formed',
    ),
    new AgentError('DOCKER_ENGINE', 'no container engine answers'),
    new AgentError('DOCKER_CONTAINER', 'running a command in the container: is paused', {
      cause: new Error(),
    }),
  ]) {
    const refused = await containerTask(t, engine, { image: 'base:1', args });
    refused.place.provide = async () => {
      throw said;
    };
    t.is(await t.throwsAsync(refused.environment()), said, 'what the engine says is not told of the image');
  }
});

test("the image's package manager works as root, and its own words tell why it fails", async (t) => {
  const engine = await engineFor(t);
  const root = temporaryFolder(t);
  const apk = path.join(root, 'apk');
  writeFileSync(
    apk,
    '#!/bin/sh\necho "$(id -u) $*"\necho "ERROR: unable to select packages: python3 (no such package)" >&2\nexit 2\n',
    { mode: 0o755 },
  );
  const task = await containerTask(t, engine, { image: 'user:1', root, args: ['-v', `${apk}:/bin/apk:ro`] });
  const error = await t.throwsAsync(task.environment());
  t.regex(
    error?.message ?? '',
    /apk cannot install python3, py3-pip in the container: ERROR: unable to select packages: python3/,
  );
  t.true(
    isAgentError(error, 'PYTHON_MISSING') && error.detail?.startsWith('0 add --no-cache python3 py3-pip'),
  );
});

test('packages that the container names are there for the scripts of the task', async (t) => {
  const engine = await engineFor(t);
  const root = temporaryFolder(t);
  const task = await containerTask(t, engine, {
    image: 'debian:1',
    root,
    args: ['-e', 'CLEARML_APT_INSTALL=hello', '-v', `${root}:/var/cache/apt/archives`],
    scripts: [
      { name: 'the first', text: 'echo first', afterTools: true },
      { name: 'the second', text: 'hello; apt-get install -y -q hello | tail -1', afterTools: true },
    ],
  });
  t.regex(task.output(), /^first\nHello, world!\n/);
  t.true(readdirSync(root).some((name) => /^hello_.*\.deb$/.test(name)));
});
