import test from 'ava';
import { checkName } from '../../../src/daemon/build/build-image.js';
import { withPython } from '../../../src/daemon/build/build-run.js';
import { imageSummary, summaryLines } from '../../../src/daemon/build/build-summary.js';
import type { PythonEnvironment } from '../../../src/python/environment-request.js';
import type { TaskCode } from '../../../src/task/code/prepare-code.js';
import { imageVariables } from '../../../src/task/image/image-variables.js';

const NAMES: [name: string, taken: boolean][] = [
  ['experiment', true],
  ['experiment:1.0', true],
  ['team/experiment', true],
  ['registry.example.com:5000/team/experiment:v1_rc', true],
  ['localhost/a__b', true],
  ['Experiment', false],
  ['/abs/path', false],
  ['./here', false],
  ['a:b:c', false],
  ['a@sha256:0', false],
  ['', false],
];
for (const [name, taken] of NAMES) {
  test(`"${name}" ${taken ? 'is' : 'is not'} a name for an image`, (t) => {
    if (taken) t.notThrows(() => checkName(name));
    else
      t.like(
        t.throws(() => checkName(name)),
        { code: 'BUILD_TARGET' },
      );
  });
}

test('the version of a flag wins over the task, but for a shell', (t) => {
  t.is(withPython({ binary: 'python3.8' }, '3.11').binary, 'python3.11');
  t.is(withPython({}, '3').binary, 'python3');
  t.is(withPython({ binary: '/bin/bash' }, '3.11').binary, '/bin/bash');
  t.is(withPython({ binary: 'python3.8' }, undefined).binary, 'python3.8');
});

test('an image gets what scripts have made, and nothing that was given, passes or is secret', (t) => {
  const command = {
    PATH: '/opt/conda/bin:/usr/bin',
    LD_LIBRARY_PATH: '/opt/lib',
    LANG: 'C.UTF-8',
    GIVEN: 'changed by a script',
    MY_TOKEN: 'secret',
    HOME: '/root',
    CLEARML_WORKER_ID: 'host:0',
    TRAINS_TASK_ID: 'x',
    DEBIAN_FRONTEND: 'noninteractive',
    REMOVED: undefined,
  };
  const image = { PATH: '/usr/bin', LANG: 'C.UTF-8' };
  t.deepEqual(imageVariables({ command, image, given: new Set(['GIVEN']) }), {
    PATH: '/opt/conda/bin:/usr/bin',
    LD_LIBRARY_PATH: '/opt/lib',
  });
});

const CODE: TaskCode = {
  kind: 'python',
  shells: [],
  folder: '/s/task_repository/r/work dir',
  shownFolder: 'work dir',
  plan: { arguments: ['main.py', 'one two'], script: 'main.py' },
  pythonPath: ['/s/task_repository/r/work dir', '/s/task_repository/r'],
  repository: {
    root: '/s/task_repository/r',
    workingFolder: '/s/task_repository/r/work dir',
    entryFolder: '/s/task_repository/r/work dir',
  },
  commit: undefined,
  url: undefined,
  toolEnvironment: {},
  gitSources: async () => ({}),
};
const PYTHON: PythonEnvironment = {
  python: ['/t/bin/python'],
  pathEntries: ['/usr/lib/python3'],
  binFolder: '/t/bin',
  environment: { VIRTUAL_ENV: '/t' },
  frozen: ['numpy==2.0.0', 'pandas==2.2.0'],
  cacheHit: false,
  manager: 'pip',
  upkeep: undefined,
};
const ARGV: [string, ...string[]] = ['/t/bin/python', '-u', 'main.py', 'one two'];
const RECORD = { id: 'T', name: 'train' };

test('the summary of a folder names where things are in the end', (t) => {
  const command = { argv: ARGV, cwd: CODE.folder };
  const moved = (file: string) => file.replace(/^\/s\//, '/t/');
  t.deepEqual(summaryLines({ record: RECORD, code: CODE, python: PYTHON, command, moved }), [
    '',
    'Task: T (train)',
    'Python packages: 2',
    '  numpy==2.0.0',
    '  pandas==2.2.0',
    'Virtual environment: /t/bin',
    'Source code: /t/task_repository/r',
    'Entry point: /t/task_repository/r/work dir/main.py',
    "To run it: cd '/t/task_repository/r/work dir' && VIRTUAL_ENV=/t " +
      "PYTHONPATH='/t/task_repository/r/work dir:/t/task_repository/r' /t/bin/python -u main.py 'one two'",
  ]);
});

test('the summary of an image says how it is started', (t) => {
  const image = {
    record: { id: 'T' },
    code: CODE,
    python: { ...PYTHON, frozen: undefined },
    command: { argv: ARGV, cwd: '/w/r' },
    name: 'built:1',
    id: 'sha256:0',
    source: '/w/r',
  };
  const lines = imageSummary({ ...image, runs: false });
  t.deepEqual(lines.slice(0, 4), ['', 'Task: T', 'Python packages: none', 'Image: built:1 (sha256:0)']);
  t.is(lines.at(-1), "To run it: docker run --rm -w /w/r built:1 /t/bin/python -u main.py 'one two'");
  t.regex(imageSummary({ ...image, runs: true }).at(-1) ?? '', /-e CLEARML_API_SECRET_KEY built:1$/);
});
