import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { isAgentError } from '../../../src/errors.js';
import { parsePythonRange } from '../../../src/packaging/python-range.js';
import { findInterpreter, type InterpreterSearch } from '../../../src/python/interpreter/interpreter.js';
import type { PythonRequest } from '../../../src/python/interpreter/python-request.js';
import { prepareEnvironment } from '../../../src/python/prepare.js';
import { localPlace } from '../../support/local-place.js';
import { environmentRequest, recordingReporter } from '../../support/python-environment-job.js';
import { pythonTool } from '../../support/python-tools.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { troubleshootingLine } from '../../support/troubleshooting.js';

/** A program that answers the probe as an interpreter of a version does. */
function interpreter(file: string, version: string): string {
  const answer = {
    version,
    implementation: 'cpython',
    executable: file,
    sysPath: ['/lib'],
    venv: true,
    ensurepip: true,
  };
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\necho '${JSON.stringify(answer)}'\n`);
  chmodSync(file, 0o755);
  return file;
}

function search(
  folder: string,
  request: Partial<PythonRequest>,
): { search: InterpreterSearch; lines: string[]; ran: () => number } {
  const place = localPlace({ HOME: folder, PATH: `${folder}/bin:/usr/sbin:/nonexistent` });
  const exec = place.exec;
  const tools = {
    ...place,
    exec: (command: Parameters<typeof exec>[0]) =>
      exec({ ...command, env: { ...command.env, PATH: `${folder}/bin` } }),
  };
  const { reporter, lines } = recordingReporter();
  return {
    search: {
      place: tools,
      request: { version: undefined, program: undefined, by: 'the task', ...request },
      cache: { folder: path.join(folder, 'probes'), scope: '' },
      reporter,
      signal: new AbortController().signal,
    },
    lines,
    ran: () => place.commands.filter(({ argv }) => argv[0] !== '/bin/sh').length,
  };
}

/** A machine with the few tools that the search itself needs. */
function machine(folder: string): string {
  mkdirSync(path.join(folder, 'bin'), { recursive: true });
  for (const tool of ['stat', 'readlink', 'tr'])
    symlinkSync(`/usr/bin/${tool}`, path.join(folder, 'bin', tool));
  return folder;
}

test('the version asked for is found on PATH, and asked once', async (t) => {
  const folder = machine(temporaryFolder(t));
  interpreter(`${folder}/bin/python3`, '3.11.2');
  const wanted = interpreter(`${folder}/bin/python3.8`, '3.8.10');
  const first = search(folder, { version: '3.8' });
  t.is((await findInterpreter(first.search)).program, wanted);
  const second = search(folder, { version: '3.8' });
  t.is((await findInterpreter(second.search)).probe.version, '3.8.10');
  t.is(second.ran(), 0);
});

test('3.1 does not ask for 3.10', async (t) => {
  const folder = machine(temporaryFolder(t));
  interpreter(`${folder}/bin/python3.10`, '3.10.4');
  interpreter(`${folder}/bin/python3`, '3.10.4');
  const { search: one, lines } = search(folder, { version: '3.1' });
  t.is((await findInterpreter(one)).probe.version, '3.10.4');
  t.is(
    lines[0],
    `Python 3.1 was asked for by the task and is not on this machine (looked in PATH, pyenv, uv, conda); running with Python 3.10.4, ${folder}/bin/python3`,
  );
});

test('versions of pyenv, uv and conda are found beyond PATH, and shims are not run', async (t) => {
  const folder = machine(temporaryFolder(t));
  const shims = path.join(folder, '.pyenv', 'shims');
  interpreter(`${folder}/bin/python3`, '3.11.2');
  const table: [version: string, file: string][] = [
    ['3.7', interpreter(`${folder}/.pyenv/versions/3.7.16/bin/python`, '3.7.16')],
    [
      '3.12',
      interpreter(`${folder}/.local/share/uv/python/cpython-3.12.1-linux-x86_64-gnu/bin/python3`, '3.12.1'),
    ],
    ['3.9', interpreter(`${folder}/miniconda3/envs/old/bin/python`, '3.9.1')],
  ];
  interpreter(`${shims}/python3.7`, '9.9.9');
  for (const [version, file] of table) {
    const one = search(folder, { version });
    const place = localPlace({ HOME: folder, PATH: `${shims}:${folder}/bin` });
    t.is((await findInterpreter({ ...one.search, place })).program, file);
  }
});

test('an interpreter that is only there by the name of its minor version is taken', async (t) => {
  const folder = machine(temporaryFolder(t));
  interpreter(`${folder}/bin/python3.9`, '3.9.2');
  const newest = interpreter(`${folder}/bin/python3.12`, '3.12.1');
  interpreter(`${folder}/bin/python3.12-config`, '3.13.0');
  for (const version of [undefined, '3', '3.4']) {
    const { search: one, lines } = search(folder, { version });
    t.is((await findInterpreter(one)).program, newest, version);
    t.is(lines.length, version === '3.4' ? 1 : 0);
  }
  const exact = search(folder, { version: '3.9' });
  t.is((await findInterpreter(exact.search)).probe.version, '3.9.2');
  interpreter(`${folder}/bin/python3`, '3.9.2');
  t.is((await findInterpreter(search(folder, { version: '3' }).search)).program, `${folder}/bin/python3`);
});

test('the range of a project selects among the interpreters, and is named where none fits', async (t) => {
  const folder = machine(temporaryFolder(t));
  interpreter(`${folder}/bin/python3`, '3.11.2');
  const older = interpreter(`${folder}/bin/python3.9`, '3.9.2');
  const newer = interpreter(`${folder}/.pyenv/versions/3.13.1/bin/python`, '3.13.1');
  const table: [range: string, program: string][] = [
    ['>=3.8', `${folder}/bin/python3`],
    ['^3.12', newer],
    ['~3.9', older],
    ['<3.11', older],
    ['==3.9.2 || ==2.7.*', older],
  ];
  for (const [text, program] of table) {
    const range = parsePythonRange(text);
    if (range === undefined) t.fail(text);
    else t.is((await findInterpreter(search(folder, { range, by: 'x' }).search)).program, program, text);
  }
  const range = parsePythonRange('>=3.14');
  const none = search(folder, { by: 'the project', ...(range === undefined ? {} : { range }) });
  t.is((await findInterpreter(none.search)).program, `${folder}/bin/python3`);
  t.regex(none.lines[0] ?? '', /^Python >=3\.14 was asked for by the project and is not on this machine/);
});

test('a missing major version names what was looked for and what was found', async (t) => {
  const folder = machine(temporaryFolder(t));
  interpreter(`${folder}/bin/python3`, '3.11.2');
  writeFileSync(`${folder}/bin/python`, '#!/bin/sh\nexit 3\n', { mode: 0o755 });
  const error = await t.throwsAsync(findInterpreter(search(folder, { version: '2.7' }).search));
  t.true(isAgentError(error, 'PYTHON_MISSING'));
  t.regex(
    error?.message ?? '',
    troubleshootingLine('interpreter-missing', {
      version: '2.7',
      who: 'the task',
      places: 'PATH, pyenv, uv, conda',
      interpreters: `3.11.2 (${folder}/bin/python3)`,
    }),
  );
});

test('a configured path that does not exist is an error that names the key', async (t) => {
  const folder = machine(temporaryFolder(t));
  interpreter(`${folder}/bin/python3`, '3.11.2');
  interpreter(`${folder}/.pyenv/versions/3.11.7/bin/python`, '3.11.7');
  const request = { program: '/opt/none/bin/python', by: 'agent.python_binary' };
  const error = await t.throwsAsync(findInterpreter(search(folder, request).search));
  t.true(isAgentError(error, 'PYTHON_MISSING'));
  t.regex(
    error?.message ?? '',
    troubleshootingLine('configured-interpreter-missing', {
      path: '/opt/none/bin/python',
      interpreters: 'no Python at all',
    }),
  );
});

/** What uv downloads interpreters by: one build, served from a folder. */
function pythonDownloads(folder: string, version: string): string {
  interpreter(`${folder}/build/python/bin/python3.9`, version);
  const library = `${folder}/build/python/lib/python3.9`;
  mkdirSync(library, { recursive: true });
  const configuration =
    '# system configuration generated and used by the sysconfig module\nbuild_time_vars = {}\n';
  writeFileSync(`${library}/_sysconfigdata__linux_.py`, configuration); // uv corrects paths in it
  for (const name of ['python', 'python3']) symlinkSync('python3.9', `${folder}/build/python/bin/${name}`);
  execFileSync('tar', ['-czf', `${folder}/python.tar.gz`, '-C', `${folder}/build`, 'python']);
  const [major, minor, patch] = version.split('.').map(Number);
  const arch = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const build = {
    name: 'cpython',
    arch: { family: arch, variant: null },
    os: 'linux',
    libc: 'gnu',
    major,
    minor,
    patch,
    prerelease: '',
    url: `file://${folder}/python.tar.gz`,
    sha256: null,
    variant: null,
    build: '20250101',
  };
  const list = `${folder}/downloads.json`;
  writeFileSync(list, JSON.stringify({ [`cpython-${version}-linux-${arch}-gnu`]: build }));
  return list;
}

test('a version that is missing is installed by uv where that is allowed, and found the next time', async (t) => {
  const root = temporaryFolder(t);
  const uv = await pythonTool('uv');
  const options = {
    root,
    binary: 'python3.9',
    programs: [path.dirname(uv)],
    env: { PYENV_ROOT: path.join(root, 'no-pyenv'), CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1' },
  };
  const downloads = pythonDownloads(path.join(root, 'served'), '3.9.99');
  const allowed = {
    package_manager: { uv_python_install: true },
    bootstrap: { uv_python_meta_file: downloads },
  };
  const refused = environmentRequest(t, { ...options, agent: { bootstrap: allowed.bootstrap } });
  t.regex((await prepareEnvironment(refused.request)).python[0], /python3?$/);
  t.false(refused.lines.some((line) => line.includes('installs it')));

  const first = environmentRequest(t, { ...options, agent: allowed });
  const { python } = await prepareEnvironment(first.request);
  t.regex(python[0], /cpython-3\.9[^/]*\/bin\/python3$/, first.lines.join('\n') + first.output());
  t.regex(first.lines[0] ?? '', /^Python 3\.9 is not on this machine; uv \S+ installs it$/);

  const second = environmentRequest(t, { ...options, agent: allowed });
  t.deepEqual((await prepareEnvironment(second.request)).python, python);
  t.deepEqual(second.lines.slice(0, 1), [`Python 3.9.99 (${python[0]})`]);
});

test('a version that cannot be downloaded is said so, and the task runs with what there is', async (t) => {
  const root = temporaryFolder(t);
  const uv = await pythonTool('uv');
  const list = path.join(root, 'downloads.json');
  writeFileSync(list, '{}');
  const { request, lines } = environmentRequest(t, {
    root,
    binary: 'python3.6',
    programs: [path.dirname(uv)],
    agent: { package_manager: { type: 'uv' }, bootstrap: { uv_python_meta_file: list } },
    env: { PYENV_ROOT: path.join(root, 'no-pyenv'), CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1' },
  });
  t.regex((await prepareEnvironment(request)).python[0], /python3?$/);
  t.regex(lines.join('\n'), /^uv cannot install Python 3\.6: No download found for request: /m);
  t.regex(lines.join('\n'), /^Python 3\.6 was asked for by the task and is not on this machine/m);
});
