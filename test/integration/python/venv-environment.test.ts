import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import type { Place } from '../../../src/drivers/driver.js';
import { run } from '../../../src/os/exec.js';
import type { EnvironmentRequest } from '../../../src/python/environment-request.js';
import { prepareEnvironment } from '../../../src/python/prepare.js';
import { INDEX_LOGIN, packageIndex } from '../../support/package-index.js';
import { environmentRequest, tend } from '../../support/python-environment-job.js';
import { pythonTool } from '../../support/python-tools.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const PACKAGES = [
  { name: 'alpha-one', version: '1.0' },
  { name: 'alpha-one', version: '2.0' },
  { name: 'beta', version: '1.0', requires: ['alpha-one'] },
  { name: 'strict', version: '1.0', requires: ['alpha-one<2'] },
];

/** A small package as a repository; built without a network. */
function packageRepository(folder: string): { folder: string; commit: string } {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    path.join(folder, 'setup.py'),
    'from setuptools import setup\nsetup(name="tinypkg", version="1.2.3", py_modules=["tinypkg"])\n',
  );
  writeFileSync(path.join(folder, 'tinypkg.py'), 'VALUE = 7\n');
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
      encoding: 'utf8',
    }).trim();
  git('init', '--quiet', '--initial-branch', 'main');
  git('add', '.');
  git('commit', '--quiet', '-m', 'First');
  return { folder, commit: git('rev-parse', 'HEAD') };
}

/** The same request on a machine whose interpreters say that they have no ensurepip, as Debian's do. */
function withoutEnsurepip(request: EnvironmentRequest): EnvironmentRequest {
  const { place } = request;
  const exec: Place['exec'] = async (command, options) => {
    const result = await place.exec(command, options);
    return { ...result, stdout: result.stdout.replace('"ensurepip": true', '"ensurepip": false') };
  };
  return { ...request, place: { ...place, exec } };
}

function filesWith(folder: string, text: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const files = entries.map((entry) => path.join(entry.parentPath, entry.name));
  return files.filter((file) => !file.endsWith('.pyc') && readFileSync(file).includes(text));
}

/** The Python of the tests, and the system's own, whose pip may be one that leaves no record of repositories. */
function pythons(): string[] {
  const works = (program: string) => spawnSync(program, ['-c', 'import ensurepip, venv']).status === 0;
  return ['python3', '/usr/bin/python3'].filter(works);
}

async function evaluate(python: readonly [string, ...string[]], code: string): Promise<string> {
  const result = await run([...python, '-c', code], { env: process.env });
  if (result.exitCode !== 0) throw new Error(result.stderr);
  return result.stdout.trim();
}

test('pip installs from a private index, and no password is on a command line, in a file or in the log', async (t) => {
  const index = await packageIndex(t, PACKAGES, { login: true });
  const env = { PIP_INDEX_URL: index.urlWithLogin, PIP_FIND_LINKS: undefined };
  const { request, place, lines, output, root } = environmentRequest(t, {
    packages: ['alpha-one==1.0', 'beta'],
    agent: { package_manager: { extra_index_url: [index.urlWithLogin], engine: 'pip' } },
    env,
  });
  const made = await prepareEnvironment(request);
  t.deepEqual(made.frozen, ['alpha-one==1.0', 'beta==1.0']);
  t.is(await evaluate(made.python, 'import alpha_one; print(alpha_one.VALUE)'), '1.0');
  t.is(made.manager, 'pip');
  t.false(made.cacheHit);
  const spoken = [...place.commands.flatMap((command) => command.argv), ...lines, output()].join('\n');
  t.false(spoken.includes(INDEX_LOGIN.password));
  t.deepEqual(filesWith(root, INDEX_LOGIN.password), []);
});

test('uv installs from the same private index with what pip would read, without waiting for a clone', async (t) => {
  const index = await packageIndex(t, PACKAGES, { login: true });
  const uv = await pythonTool('uv');
  const { request, place, lines, root } = environmentRequest(t, {
    packages: ['beta', 'alpha-one<2'],
    programs: [path.dirname(uv)],
    env: { PIP_FIND_LINKS: undefined },
  });
  const configuration = path.join(root, 'home', '.config', 'pip');
  mkdirSync(configuration, { recursive: true });
  writeFileSync(path.join(configuration, 'pip.conf'), `[global]\nindex-url = ${index.urlWithLogin}\n`);
  const made = await prepareEnvironment({ ...request, repository: new Promise(() => undefined) });
  t.is(made.manager, 'uv');
  t.deepEqual(made.frozen, ['alpha-one==1.0', 'beta==1.0']);
  t.true(
    lines.some((line) => /^Installing packages with uv: uv \S+ is installed$/.test(line)),
    lines.join('\n'),
  );
  t.true(index.requests.some((one) => one.startsWith('/files/beta')));
  t.false(
    place.commands
      .flatMap((command) => command.argv)
      .join(' ')
      .includes(INDEX_LOGIN.password),
  );
  await tend(made);
});

test('the second task with the same packages gets a copy in an instant, wherever it runs', async (t) => {
  const index = await packageIndex(t, PACKAGES, { login: false });
  const options = {
    packages: ['beta', '# a comment', 'alpha-one  ==  1.0'],
    env: { PIP_INDEX_URL: index.url, PIP_FIND_LINKS: undefined },
  };
  const first = environmentRequest(t, { ...options, name: 'first' });
  const built = await prepareEnvironment(first.request);
  const asked = index.requests.length;
  const second = environmentRequest(t, {
    ...options,
    packages: ['beta', 'alpha-one==1.0'],
    root: first.root,
    name: 'second',
  });
  const copied = await prepareEnvironment(second.request);
  t.true(copied.cacheHit);
  t.is(index.requests.length, asked, 'no index is asked');
  t.deepEqual(copied.frozen, built.frozen);
  const folder = second.request.target;
  t.is(await evaluate(copied.python, 'import sys; print(sys.prefix)'), folder);
  t.true(copied.pathEntries.some((entry) => entry.startsWith(folder)));
  t.false(copied.pathEntries.some((entry) => entry.startsWith(first.request.target)));
  t.is(
    readFileSync(path.join(folder, 'bin', 'beta-tool'), 'utf8').split('\n', 1)[0],
    `#!${folder}/bin/python`,
  );
  t.deepEqual(filesWith(folder, first.request.target), []);
  t.deepEqual(
    second.place.commands.filter(({ argv }) => argv.includes('pip')),
    [],
  );
});

test('a copy is whole again after a task changed a file of its own copy in place', async (t) => {
  const index = await packageIndex(t, PACKAGES, { login: false });
  const options = {
    packages: ['alpha-one==1.0'],
    env: { PIP_INDEX_URL: index.url, PIP_FIND_LINKS: undefined },
  };
  const first = environmentRequest(t, { ...options, name: 'first' });
  const built = await prepareEnvironment(first.request);
  const module = await evaluate(built.python, 'import alpha_one; print(alpha_one.__file__)');
  appendFileSync(module, 'VALUE = "changed"\n');
  const second = environmentRequest(t, { ...options, root: first.root, name: 'second' });
  const made = await prepareEnvironment(second.request);
  t.is(await evaluate(made.python, 'import alpha_one; print(alpha_one.VALUE)'), '1.0');
  t.is(await evaluate(built.python, 'import alpha_one; print(alpha_one.VALUE)'), 'changed');
});

test('packages that a task adds to its environment are not in the next one', async (t) => {
  const index = await packageIndex(t, PACKAGES, { login: false });
  const env = { PIP_INDEX_URL: index.url, PIP_FIND_LINKS: undefined };
  const first = environmentRequest(t, { packages: ['alpha-one==1.0'], env, name: 'first' });
  const built = await prepareEnvironment(first.request);
  const added = await run(
    [built.python[0], '-m', 'pip', 'install', '-q', '--upgrade', 'beta', 'alpha-one==2.0'],
    { env: { ...process.env, ...env } },
  );
  t.is(added.exitCode, 0, added.stderr);
  t.is(await evaluate(built.python, 'import alpha_one; print(alpha_one.VALUE)'), '2.0');
  const second = environmentRequest(t, {
    packages: ['alpha-one==1.0'],
    env,
    root: first.root,
    name: 'second',
  });
  const made = await prepareEnvironment(second.request);
  t.true(made.cacheHit);
  t.is(await evaluate(made.python, 'import alpha_one; print(alpha_one.VALUE)'), '1.0');
  await t.throwsAsync(evaluate(made.python, 'import beta'));
});

test('four tasks at once build an environment once', async (t) => {
  const index = await packageIndex(t, PACKAGES, { login: false });
  const env = { PIP_INDEX_URL: index.url, PIP_FIND_LINKS: undefined };
  const root = temporaryFolder(t);
  const requests = [1, 2, 3, 4].map((name) =>
    environmentRequest(t, { packages: ['beta'], env, root, name: String(name) }),
  );
  const made = await Promise.all(requests.map(({ request }) => prepareEnvironment(request)));
  t.deepEqual(made.map((one) => one.cacheHit).sort(), [false, true, true, true]);
  t.is(index.requests.filter((one) => one.startsWith('/files/beta')).length, 1);
  for (const one of made) t.is(await evaluate(one.python, 'import beta; print(beta.VALUE)'), '1.0');
});

test('a list that contradicts itself goes to the old resolver of pip after uv refused it', async (t) => {
  const index = await packageIndex(t, PACKAGES, { login: false });
  const uv = await pythonTool('uv');
  const { request, lines } = environmentRequest(t, {
    packages: ['strict', 'alpha-one==2.0'],
    programs: [path.dirname(uv)],
    agent: { package_manager: { pip_legacy_resolver: ['>=20.3'], pip_version: ['>=20.3'] } },
    env: { PIP_INDEX_URL: index.url, PIP_FIND_LINKS: process.env.PIP_FIND_LINKS },
  });
  const made = await prepareEnvironment(request);
  t.is(made.manager, 'pip', lines.join('\n'));
  t.true(
    lines.some((line) =>
      line.includes('uv cannot install 2 packages: the requirements contradict each other'),
    ),
    lines.join('\n'),
  );
  t.deepEqual(made.frozen, ['alpha-one==2.0', 'strict==1.0']);
});

test('a Python without ensurepip gets packages through its own pip, and the log says so', async (t) => {
  const index = await packageIndex(t, PACKAGES, { login: false });
  const { request, lines } = environmentRequest(t, {
    packages: ['beta'],
    env: { PIP_INDEX_URL: index.url, PIP_FIND_LINKS: undefined },
  });
  const bare = withoutEnsurepip(request);
  const made = await prepareEnvironment(bare);
  t.deepEqual(made.frozen, ['alpha-one==2.0', 'beta==1.0']);
  t.is(await evaluate(made.python, 'import beta; print(beta.VALUE)'), '1.0');
  t.true(
    lines.some((line) =>
      /^Virtual environment made with (venv|virtualenv), (without pip|because)/.test(line),
    ),
    lines.join('\n'),
  );
});

test('no packages need no pip, and take no time', async (t) => {
  const { request, place } = environmentRequest(t, {
    agent: { package_manager: { system_site_packages: true } },
  });
  const first = await prepareEnvironment(request);
  t.true(existsSync(first.python[0]));
  t.deepEqual(
    place.commands.filter(({ argv }) => argv.includes('pip')),
    [],
  );
  t.is(await evaluate(first.python, 'import sys; print(sys.prefix != sys.base_prefix)'), 'True');
});

for (const binary of pythons())
  test(`a repository at a commit is kept, one at a branch is installed each time: ${binary}`, async (t) => {
    const root = temporaryFolder(t);
    const { folder, commit } = packageRepository(path.join(root, 'origin'));
    const lists = [`git+file://${folder}@${commit}`, `tinypkg @ git+file://${folder}@main`];
    for (const [at, line] of lists.entries()) {
      const run = (name: string) =>
        environmentRequest(t, {
          packages: [line],
          root,
          name: `${at}-${name}`,
          agent: { python_binary: binary, ignore_requested_python_version: true },
        });
      const first = await prepareEnvironment(run('first').request);
      t.deepEqual(first.frozen, [`tinypkg @ git+file://${folder}@${commit}`]);
      const second = run('second');
      const again = await prepareEnvironment(second.request);
      t.deepEqual(again.frozen, first.frozen);
      const installs = second.place.commands.filter(({ argv }) => argv.includes('install')).length;
      t.is(installs, at === 0 ? 0 : 1);
    }
  });
