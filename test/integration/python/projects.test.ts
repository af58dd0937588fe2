import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { isAgentError } from '../../../src/errors.js';
import { run } from '../../../src/os/exec.js';
import { prepareEnvironment } from '../../../src/python/prepare.js';
import { packageIndex } from '../../support/package-index.js';
import { environmentRequest, tend } from '../../support/python-environment-job.js';
import { pythonTool } from '../../support/python-tools.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { troubleshootingLine } from '../../support/troubleshooting.js';

const PACKAGES = [
  { name: 'alpha-one', version: '1.0' },
  { name: 'beta', version: '1.0', requires: ['alpha-one'] },
];

function project(folder: string, text: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'pyproject.toml'), text);
  return folder;
}

async function answerOf(python: readonly [string, ...string[]], code: string): Promise<string> {
  const result = await run([...python, '-c', code], { env: process.env });
  return result.exitCode === 0 ? result.stdout.trim() : result.stderr;
}

test('a uv project with a lock file is installed as the lock says, and kept', async (t) => {
  const index = await packageIndex(t, PACKAGES, { login: false });
  const uv = await pythonTool('uv');
  const root = temporaryFolder(t);
  const text =
    '[project]\nname = "trainer"\nversion = "0.1"\nrequires-python = ">=3.8"\ndependencies = ["beta"]\n';
  const repository = project(path.join(root, 'repository'), text);
  const env = { PIP_INDEX_URL: index.url, PIP_FIND_LINKS: undefined };
  await run([uv, 'lock', '--quiet', '--default-index', index.url], { cwd: repository, env: process.env });
  const options = {
    repository,
    packages: ['not-this'],
    agent: { package_manager: { type: 'uv' } },
    env,
    programs: [path.dirname(uv)],
    root,
  };
  const first = await prepareEnvironment(environmentRequest(t, { ...options, name: 'first' }).request);
  t.is(first.manager, 'uv');
  t.deepEqual(first.frozen, ['alpha-one==1.0', 'beta==1.0']);
  t.is(await answerOf(first.python, 'import beta; print(beta.VALUE)'), '1.0');
  const asked = index.requests.length;
  const second = environmentRequest(t, { ...options, name: 'second' });
  const again = await prepareEnvironment(second.request);
  t.true(again.cacheHit, second.lines.join('\n'));
  t.is(index.requests.length, asked);
  t.is(await answerOf(again.python, 'import sys; print(sys.prefix)'), second.request.target);
  await tend(first);
});

test('a uv project with a lock file that cannot be had fails the task', async (t) => {
  const index = await packageIndex(t, [], { login: false });
  const uv = await pythonTool('uv');
  const text =
    '[project]\nname = "trainer"\nversion = "0.1"\nrequires-python = ">=3.8"\ndependencies = ["beta"]\n';
  const repository = project(path.join(temporaryFolder(t), 'repository'), text);
  writeFileSync(path.join(repository, 'uv.lock'), 'version = 1\nrequires-python = ">=3.8"\n');
  const { request } = environmentRequest(t, {
    repository,
    agent: { package_manager: { type: 'uv' } },
    env: { PIP_INDEX_URL: index.url, PIP_FIND_LINKS: undefined },
    programs: [path.dirname(uv)],
  });
  const error = await t.throwsAsync(prepareEnvironment(request));
  t.true(isAgentError(error, 'REQUIREMENTS_INSTALL'));
  t.regex(error?.message ?? '', troubleshootingLine('uv-project'));
  t.regex(error?.message ?? '', /: no package index has beta/);
});

test('a project without a lock that uv cannot install gives way to the packages of the task', async (t) => {
  const index = await packageIndex(t, PACKAGES, { login: false });
  const uv = await pythonTool('uv');
  const repository = project(path.join(temporaryFolder(t), 'repository'), '[project]\nname = "trainer"\n');
  const { request, lines } = environmentRequest(t, {
    repository,
    packages: ['beta'],
    agent: { package_manager: { type: 'uv' } },
    env: { PIP_INDEX_URL: index.url, PIP_FIND_LINKS: undefined },
    programs: [path.dirname(uv)],
  });
  const made = await prepareEnvironment(request);
  t.deepEqual(made.frozen, ['alpha-one==1.0', 'beta==1.0']);
  t.true(
    lines.some((line) => line.endsWith('the packages of the task are installed instead')),
    lines.join('\n'),
  );
  await tend(made);
});

test('a poetry project is installed by poetry with its own code, and kept', async (t) => {
  const index = await packageIndex(t, PACKAGES, { login: false });
  const poetry = await pythonTool('poetry');
  const root = temporaryFolder(t);
  const text = [
    '[tool.poetry]\nname = "trainer"\nversion = "0.1.0"\ndescription = ""\nauthors = []',
    '[tool.poetry.dependencies]\npython = ">=3.8"\nbeta = "*"',
    `[[tool.poetry.source]]\nname = "loopback"\nurl = "${index.url}"\npriority = "primary"`,
    '[build-system]\nrequires = ["poetry-core"]\nbuild-backend = "poetry.core.masonry.api"\n',
  ].join('\n\n');
  const repository = project(path.join(root, 'repository'), text);
  mkdirSync(path.join(repository, 'trainer'));
  writeFileSync(path.join(repository, 'trainer', '__init__.py'), 'NAME = "trainer"\n');
  execFileSync('git', ['init', '--quiet', repository]);
  const options = {
    repository,
    agent: { package_manager: { type: 'poetry' } },
    programs: [path.dirname(poetry)],
    root,
  };
  const first = environmentRequest(t, { ...options, name: 'first' });
  const made = await prepareEnvironment(first.request);
  t.is(made.manager, 'poetry', [...first.lines, first.output()].join('\n'));
  t.deepEqual(made.frozen, ['alpha-one==1.0', 'beta==1.0']);
  t.is(await answerOf(made.python, 'import beta, trainer; print(beta.VALUE, trainer.NAME)'), '1.0 trainer');
  t.true(first.lines.some((line) => line.includes('has no poetry.lock')));
});

test('a poetry project that poetry refuses gives way to the packages of the task', async (t) => {
  const index = await packageIndex(t, PACKAGES, { login: false });
  const poetry = await pythonTool('poetry');
  const repository = project(path.join(temporaryFolder(t), 'repository'), '[tool.poetry\nbroken');
  const { request, lines } = environmentRequest(t, {
    repository,
    packages: ['beta'],
    agent: { package_manager: { type: 'poetry' } },
    env: { PIP_INDEX_URL: index.url, PIP_FIND_LINKS: undefined },
    programs: [path.dirname(poetry)],
  });
  const made = await prepareEnvironment(request);
  t.deepEqual(made.frozen, ['alpha-one==1.0', 'beta==1.0']);
  t.true(
    lines.some((line) => line.startsWith('poetry cannot install the project: ')),
    lines.join('\n'),
  );
});
