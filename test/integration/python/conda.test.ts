import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { isAgentError } from '../../../src/errors.js';
import { prepareEnvironment } from '../../../src/python/prepare.js';
import { packageIndex } from '../../support/package-index.js';
import { environmentRequest } from '../../support/python-environment-job.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const PACKAGES = [{ name: 'gamma', version: '1.0' }];

/**
 * A conda that writes down how it is called and answers as conda 24 does. `create` makes a virtual environment;
 * `env update` knows no package called gamma.
 */
const RECORDER = `#!/bin/sh
printf '%s\\n' "$*" >>"$RECORD"
case $1 in
  --version) echo 'conda 24.5.0' ;;
  create) python3 -m venv "$4" >/dev/null ;;
  env)
    cp "$6" "$RECORD.yml"
    if grep -q gamma "$6"; then
      echo '{"bad_deps": ["gamma~=1.0"], "error": "ResolvePackageNotFound: \\n  - gamma~=1.0"}'
      exit 1
    fi ;;
  run) shift 4; CONDA_DEFAULT_ENV=task GDAL_DATA=/data exec "$@" ;;
esac
`;

function recorder(folder: string): {
  program: string;
  calls: () => string[];
  file: () => unknown;
  record: string;
} {
  const program = path.join(folder, 'bin', 'conda');
  const record = path.join(folder, 'calls');
  mkdirSync(path.dirname(program), { recursive: true });
  writeFileSync(program, RECORDER);
  chmodSync(program, 0o755);
  return {
    program,
    record,
    calls: () => readFileSync(record, 'utf8').trim().split('\n'),
    file: () => JSON.parse(readFileSync(`${record}.yml`, 'utf8')),
  };
}

test('conda makes the environment, and pip installs what conda does not have', async (t) => {
  const index = await packageIndex(t, PACKAGES, { login: false });
  const root = temporaryFolder(t);
  const conda = recorder(path.join(root, 'conda'));
  const { request, lines } = environmentRequest(t, {
    root,
    binary: 'python3.11',
    packages: ['torch==2.1.0', 'gamma==1.0'],
    agent: {
      package_manager: { type: 'conda', conda_channels: ['nvidia', 'defaults'], conda_full_env_update: true },
    },
    env: { RECORD: conda.record, PIP_INDEX_URL: index.url, PIP_FIND_LINKS: undefined },
    programs: [path.dirname(conda.program)],
    request: { cuda: '121' },
  });
  const made = await prepareEnvironment(request);
  const calls = conda.calls();
  t.is(calls[1], `create --yes --prefix ${request.target} -c nvidia -c defaults python=3.11`);
  t.regex(calls[2] ?? '', /^env update -p \S+ --file \S+ --quiet --json$/);
  t.deepEqual(conda.file(), {
    channels: ['nvidia', 'defaults'],
    dependencies: ['pytorch~=2.1.0', 'cuda-toolkit==12.1'],
  });
  t.true(lines.includes('conda does not have gamma~=1.0: left to pip'));
  t.deepEqual(made.frozen, ['gamma==1.0']);
  t.is(made.environment.GDAL_DATA, '/data');
  t.is(made.environment.CONDA_PREFIX, request.target);
  t.deepEqual(made.python, [`${request.target}/bin/python`]);
});

test('a machine without conda says so', async (t) => {
  const { request } = environmentRequest(t, { agent: { package_manager: { type: 'conda' } } });
  const error = await t.throwsAsync(prepareEnvironment(request));
  t.true(isAgentError(error, 'ENVIRONMENT_CREATE'));
  t.is(
    error?.message,
    'agent.package_manager.type is conda, and none of conda, mamba, micromamba is on PATH',
  );
});
