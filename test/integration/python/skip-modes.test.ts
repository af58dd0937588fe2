import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { isAgentError } from '../../../src/errors.js';
import { run } from '../../../src/os/exec.js';
import { prepareEnvironment } from '../../../src/python/prepare.js';
import { packageIndex } from '../../support/package-index.js';
import { environmentRequest } from '../../support/python-environment-job.js';
import { pythonTool } from '../../support/python-tools.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const PACKAGES = [{ name: 'beta', version: '1.0' }];

test('without any Python environment the interpreter runs as it is', async (t) => {
  const { request, place } = environmentRequest(t, {
    packages: ['beta'],
    env: { CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1' },
  });
  const made = await prepareEnvironment(request);
  t.is(made.frozen, undefined);
  t.false(made.python[0].startsWith(request.target));
  t.deepEqual(
    place.commands.filter(({ argv }) => argv.includes('pip') || argv.includes('venv')),
    [],
  );
});

test('without a virtual environment packages go into the interpreter that is named', async (t) => {
  const index = await packageIndex(t, PACKAGES, { login: false });
  const root = temporaryFolder(t);
  const own = path.join(root, 'own');
  const made = await run(['python3', '-m', 'venv', own], { env: process.env });
  t.is(made.exitCode, 0, made.stderr);
  const python = path.join(own, 'bin', 'python');
  const { request } = environmentRequest(t, {
    root,
    packages: ['beta'],
    env: { CLEARML_AGENT_SKIP_PIP_VENV_INSTALL: python, PIP_INDEX_URL: index.url, PIP_FIND_LINKS: undefined },
  });
  const ready = await prepareEnvironment(request);
  t.deepEqual(ready.python, [python]);
  t.deepEqual(ready.frozen, ['beta==1.0']);
});

test('an interpreter that is named and does not exist is looked for like any other', async (t) => {
  const { request, lines } = environmentRequest(t, {
    env: {
      CLEARML_AGENT_SKIP_PIP_VENV_INSTALL: '/nowhere/python3',
      CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1',
    },
  });
  const made = await prepareEnvironment(request);
  t.regex(made.python[0], /python3?$/);
  t.true(
    lines.some((line) =>
      line.startsWith('/nowhere/python3, asked for by CLEARML_AGENT_SKIP_PIP_VENV_INSTALL, was not found'),
    ),
    lines.join('\n'),
  );
});

test('offline nothing is installed, and a kept environment serves', async (t) => {
  const index = await packageIndex(t, PACKAGES, { login: false });
  const options = { packages: ['beta'], env: { PIP_INDEX_URL: index.url, PIP_FIND_LINKS: undefined } };
  const first = environmentRequest(t, { ...options, name: 'first', request: { offline: true } });
  const bare = await prepareEnvironment(first.request);
  t.is(bare.frozen, undefined);
  t.true(
    first.lines.some((line) => line.startsWith('No package index may be asked')),
    first.lines.join('\n'),
  );
  t.is(index.requests.length, 0);
  await prepareEnvironment(environmentRequest(t, { ...options, root: first.root, name: 'second' }).request);
  const asked = index.requests.length;
  const third = environmentRequest(t, {
    ...options,
    root: first.root,
    name: 'third',
    request: { offline: true },
  });
  const kept = await prepareEnvironment(third.request);
  t.true(kept.cacheHit);
  t.deepEqual(kept.frozen, ['beta==1.0']);
  t.is(index.requests.length, asked);
});

test('a build script takes the place of the environment', async (t) => {
  const root = temporaryFolder(t);
  const script = path.join(root, 'build.sh');
  mkdirSync(path.join(root, 'code'));
  writeFileSync(path.join(root, 'code', 'main.py'), '');
  const answer = {
    binary: '/bin/sh',
    entry_point: path.join(root, 'code', 'main.py'),
    working_dir: path.join(root, 'code'),
  };
  writeFileSync(
    script,
    `#!/bin/sh\necho "$CLEARML_TASK_SCRIPT_ENTRY in $CLEARML_VENV_PATH"\necho '${JSON.stringify(answer)}' >"$CLEARML_CUSTOM_BUILD_OUTPUT"\n`,
  );
  chmodSync(script, 0o755);
  const { request, output } = environmentRequest(t, {
    root,
    env: { BUILD: script, CLEARML_AGENT_CUSTOM_BUILD_SCRIPT: '$BUILD' },
    request: { task: { script: { entry_point: 'train.py' } } },
  });
  const made = await prepareEnvironment(request);
  t.deepEqual(made.command, { entryPoint: answer.entry_point, workingFolder: answer.working_dir });
  t.deepEqual(made.python, ['/bin/sh']);
  t.is(output(), `train.py in ${request.target}\n`);
});

test('a build script that fails fails the task with its own words', async (t) => {
  const root = temporaryFolder(t);
  const script = path.join(root, 'build.sh');
  writeFileSync(script, 'echo "no compiler" >&2\nexit 7\n');
  const { request } = environmentRequest(t, { root, agent: { custom_build_script: script } });
  const error = await t.throwsAsync(prepareEnvironment(request));
  t.true(isAgentError(error, 'COMMAND_FAILED'));
  t.is(error?.message, `the build script ${script} ended with exit status 7`);
});

test('an interpreter without pip gives no list to uv that only pip reads', async (t) => {
  const index = await packageIndex(t, PACKAGES, { login: false });
  const root = temporaryFolder(t);
  const own = path.join(root, 'own');
  const made = await run(['python3', '-m', 'venv', '--without-pip', own], { env: process.env });
  t.is(made.exitCode, 0, made.stderr);
  const tables: [packages: string[], cause: RegExp | undefined][] = [
    [
      ['--use-feature fast-deps', 'beta'],
      /has no pip, and uv does not read the option --use-feature fast-deps /,
    ],
    [
      ['beta===1.0'],
      /has no pip, and uv does not read the operator === of beta in the requirements as pip does/,
    ],
    [['beta'], undefined],
  ];
  for (const [at, [packages, cause]] of tables.entries()) {
    const { request } = environmentRequest(t, {
      root,
      name: `run-${at}`,
      packages,
      env: {
        CLEARML_AGENT_SKIP_PIP_VENV_INSTALL: path.join(own, 'bin', 'python'),
        PIP_INDEX_URL: index.url,
        PIP_FIND_LINKS: undefined,
      },
      programs: [path.dirname(await pythonTool('uv'))],
    });
    const error = await prepareEnvironment(request).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    t.is(isAgentError(error, 'ENVIRONMENT_CREATE'), cause !== undefined, String(error));
    t.regex(String(error), cause ?? /^undefined$/);
  }
});
