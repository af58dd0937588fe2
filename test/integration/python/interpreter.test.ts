import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { isAgentError } from '../../../src/errors.js';
import { findInterpreter, type InterpreterSearch } from '../../../src/python/interpreter.js';
import type { PythonRequest } from '../../../src/python/python-request.js';
import { localPlace } from '../../support/local-place.js';
import { recordingReporter } from '../../support/python-environment-job.js';
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
