import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { run } from '../../../src/os/exec.js';
import { prepareEnvironment } from '../../../src/python/prepare.js';
import { fileName, INDEX_LOGIN, packageIndex, wheel } from '../../support/package-index.js';
import { environmentRequest } from '../../support/python-environment-job.js';
import { pythonTool } from '../../support/python-tools.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const PACKAGES = [
  { name: 'alpha-one', version: '1.0' },
  { name: 'alpha-one', version: '2.0' },
  { name: 'beta', version: '1.0', requires: ['alpha-one'] },
];
const DELTA = { name: 'delta', version: '3.0' };
const EPSILON = { name: 'epsilon', version: '4.0' };

/** Builds a wheel of one module without any other package, so that no index is asked for a build tool. */
const BACKEND = `
import zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = 'ownlib-0.5-py3-none-any.whl'
    info = 'ownlib-0.5.dist-info/'
    with zipfile.ZipFile(folder + '/' + name, 'w') as archive:
        archive.write('ownlib.py')
        archive.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: ownlib\\nVersion: 0.5\\n')
        archive.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
        archive.writestr(info + 'RECORD', '')
    return name
`;

/** A repository with a package of its own, two wheels and a file of constraints. */
function repository(folder: string): string {
  const files: Record<string, string | Buffer> = {
    'lib/pyproject.toml':
      '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "ownlib"\nversion = "0.5"\n',
    'lib/backend.py': BACKEND,
    'lib/ownlib.py': 'VALUE = "own"\n',
    [`wheels/${fileName(DELTA)}`]: wheel(DELTA),
    [`more/${fileName(EPSILON)}`]: wheel(EPSILON),
    'lists/limits.txt': 'alpha-one<2\n',
    'lists/further.txt': '-c limits.txt\nepsilon\n',
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.join(folder, path.dirname(name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return folder;
}

const LINES = [
  '-f ./more',
  '-r lists/further.txt',
  'beta; python_version >= "3"',
  'not-in-any-index; python_version < "3"',
  './wheels/delta-3.0-py3-none-any.whl',
  '-e ./lib',
];

for (const engine of ['pip', 'uv'] as const)
  test(`${engine}: constraints, files, folders, markers and editable packages of a repository`, async (t) => {
    const index = await packageIndex(t, PACKAGES, { login: true });
    const uv = await pythonTool('uv');
    const root = temporaryFolder(t);
    const { request, place, lines, output } = environmentRequest(t, {
      root,
      packages: LINES,
      repository: repository(path.join(root, 'task_repository/own.git')),
      programs: [path.dirname(uv)],
      agent: { package_manager: { engine, extra_index_url: [index.urlWithLogin] } },
      env: { PIP_NO_INDEX: undefined, PIP_INDEX_URL: index.urlWithLogin, PIP_FIND_LINKS: undefined },
    });
    const cloned = sleep(50).then(() => request.repository);
    const made = await prepareEnvironment({ ...request, repository: cloned });
    t.is(made.manager, engine, lines.join('\n'));
    t.deepEqual(made.frozen, [
      'alpha-one==1.0',
      'beta==1.0',
      `./wheels/${fileName(DELTA)}`,
      'epsilon==4.0',
      './lib',
    ]);
    const program = 'import ownlib, delta, epsilon; print(ownlib.VALUE, delta.VALUE, epsilon.VALUE)';
    const answer = await run([...made.python, '-c', program], { env: {} });
    t.is(answer.stdout, 'own 3.0 4.0\n', answer.stderr);
    const spoken = [...place.commands.flatMap(({ argv }) => argv), ...lines, output()].join('\n');
    t.false(spoken.includes(INDEX_LOGIN.password));
  });

test('torch comes from the index of the best CUDA version that there is, and from no other one', async (t) => {
  const plain = { name: 'torch', version: '2.1.0', value: 'plain' };
  const index = await packageIndex(t, [plain, ...PACKAGES], { login: false });
  const cuda = { name: 'torch', version: '2.1.0+cu118', value: 'for CUDA' };
  const forCuda = await packageIndex(t, [cuda], { login: false, folder: '/cu118' });
  const root = temporaryFolder(t);
  const options = {
    root,
    packages: ['torch==2.1.0', 'alpha-one'],
    programs: [path.dirname(await pythonTool('uv'))],
    env: { PIP_INDEX_URL: index.url, PIP_FIND_LINKS: undefined },
  };
  const template = forCuda.url.replace('cu118', 'cu{}');
  const found = environmentRequest(t, {
    ...options,
    name: 'found',
    agent: { package_manager: { extra_index_url_template: template } },
    request: { cuda: '121' },
  });
  t.deepEqual((await prepareEnvironment(found.request)).frozen, ['alpha-one==2.0', 'torch==2.1.0+cu118']);
  t.true(found.lines.includes(`torch for CUDA 12.1 comes from ${forCuda.url}`), found.lines.join('\n'));

  const other = environmentRequest(t, { ...options, name: 'other', request: { cuda: '121' } });
  t.deepEqual((await prepareEnvironment(other.request)).frozen, ['alpha-one==2.0', 'torch==2.1.0']);
  t.true(
    other.lines.includes(
      'torch is installed like any other package: the package index is configured to be another one',
    ),
    other.lines.join('\n'),
  );
});
