import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { isAgentError } from '../../../src/errors.js';
import { run } from '../../../src/os/exec.js';
import { prepareEnvironment } from '../../../src/python/prepare.js';
import { fileName, type IndexPackage, packageIndex, wheel } from '../../support/package-index.js';
import { environmentRequest, type RequestOptions } from '../../support/python-environment-job.js';
import { pythonTool } from '../../support/python-tools.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { troubleshootingLine } from '../../support/troubleshooting.js';

const ALPHA = { name: 'alpha-one', version: '1.0' };
const BETA = { name: 'beta', version: '1.0', requires: ['alpha-one'] };
const PACKAGES = [ALPHA, { name: 'alpha-one', version: '2.0' }, BETA];
const ENGINES = ['pip', 'uv'] as const;

async function options(t: ExecutionContext, engine: 'pip' | 'uv' | 'auto'): Promise<RequestOptions> {
  const index = await packageIndex(t, PACKAGES, { login: false });
  return {
    root: temporaryFolder(t),
    programs: [path.dirname(await pythonTool('uv'))],
    agent: { package_manager: { engine } },
    env: {
      PIP_NO_INDEX: undefined,
      PIP_INDEX_URL: index.url,
      PIP_FIND_LINKS: undefined,
      INDEX: index.url,
      XDG_CONFIG_HOME: undefined,
    },
  };
}

function files(folder: string, texts: Record<string, string | Buffer>): string {
  for (const [name, text] of Object.entries(texts)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

test('uv obeys the settings of the user, and not those of the repository', async (t) => {
  const common = await options(t, 'uv');
  const repository = files(path.join(`${common.root}`, 'repository'), {
    'pyproject.toml':
      '[tool.uv]\nconstraint-dependencies = ["alpha-one<2"]\n[tool.uv.pip]\ntarget = "packages"\n',
    'sub/requirements.txt': '',
    'requirements.txt': 'alpha-one\n',
    'uv.toml': 'index-strategy = "no such strategy"\n',
  });
  const plain = environmentRequest(t, { ...common, repository, name: 'plain' });
  const made = await prepareEnvironment(plain.request);
  t.deepEqual([made.manager, made.frozen], ['uv', ['alpha-one==2.0']], plain.lines.join('\n'));
  const settings = files(path.join(`${common.root}`, 'settings'), {
    'uv/uv.toml': 'constraint-dependencies = ["alpha-one<2"]\n',
  });
  const env = { ...common.env, XDG_CONFIG_HOME: settings };
  const own = environmentRequest(t, { ...common, env, repository, name: 'own' });
  const limited = await prepareEnvironment(own.request);
  t.deepEqual(limited.frozen, ['alpha-one==1.0']);
  t.false(limited.cacheHit, 'the settings are in the key');
});

const hashOf = (one: IndexPackage): string =>
  `--hash=sha256:${createHash('sha256').update(wheel(one)).digest('hex')}`;
const FULL = [`beta==1.0 ${hashOf(BETA)}`, `alpha-one==1.0 ${hashOf(ALPHA)}`];

for (const engine of ENGINES)
  test(`${engine}: once a line has a hash, every package needs one`, async (t) => {
    const common = await options(t, engine);
    const lists = [[FULL[0] ?? ''], [FULL[0] ?? '', 'alpha-one==1.0'], [`alpha-one ${hashOf(ALPHA)}`]];
    for (const [at, packages] of lists.entries()) {
      const { request } = environmentRequest(t, { ...common, packages, name: `refused-${at}` });
      const error = await t.throwsAsync(prepareEnvironment(request), undefined, packages.join());
      t.true(isAgentError(error, 'REQUIREMENTS_INSTALL'), error?.message);
    }
    const { request } = environmentRequest(t, { ...common, packages: FULL, name: 'complete' });
    t.deepEqual((await prepareEnvironment(request)).frozen, [...FULL].reverse());
  });

for (const engine of ENGINES)
  test(`${engine}: variables, constraints in a folder with a blank, several options on a line`, async (t) => {
    const common = await options(t, engine);
    const repository = files(path.join(`${common.root}`, 'repository'), {
      'my lists/limits.txt': 'alpha-one<2\n',
    });
    const env = { ...common.env, PIP_INDEX_URL: undefined, BETA: '1.0', UV_CONSTRAINT: undefined };
    const packages = ['-i ${INDEX} --trusted-host 127.0.0.1', '-c "my lists/limits.txt"', 'beta==${BETA}'];
    const { request, lines } = environmentRequest(t, { ...common, repository, env, packages });
    const made = await prepareEnvironment(request);
    t.deepEqual([made.manager, made.frozen], [engine, ['alpha-one==1.0', 'beta==1.0']], lines.join('\n'));
    t.deepEqual(made.frozenOptions, [
      '--index-url ${INDEX}',
      '--constraint "my lists/limits.txt"',
      '--trusted-host 127.0.0.1',
    ]);
  });

/** Builds a package of one module without any other package, as a copy or editable. */
const BACKEND = `
import os, zipfile
def wheel(folder, write):
    name = 'ownlib-0.5-py3-none-any.whl'
    info = 'ownlib-0.5.dist-info/'
    with zipfile.ZipFile(folder + '/' + name, 'w') as archive:
        write(archive)
        archive.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: ownlib\\nVersion: 0.5\\n')
        archive.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
        archive.writestr(info + 'RECORD', '')
    return name
def build_wheel(folder, config_settings=None, metadata_directory=None):
    return wheel(folder, lambda archive: archive.write('ownlib.py'))
def build_editable(folder, config_settings=None, metadata_directory=None):
    return wheel(folder, lambda archive: archive.writestr('ownlib.pth', os.getcwd()))
`;
const DATA = 'import pathlib\nDATA = (pathlib.Path(__file__).parent / "data.txt").read_text()\n';

for (const engine of ENGINES)
  test(`${engine}: an editable folder of the repository keeps its data files, and is no other task's`, async (t) => {
    const common = await options(t, engine);
    for (const name of ['first', 'second']) {
      const repository = files(path.join(`${common.root}`, name, 'task_repository/own.git'), {
        'my lib/pyproject.toml':
          '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "ownlib"\nversion = "0.5"\n',
        'my lib/backend.py': BACKEND,
        'my lib/ownlib.py': DATA,
        'my lib/data.txt': name,
      });
      const packages = ['-e "./my lib"', 'alpha-one'];
      const { request, lines } = environmentRequest(t, { ...common, repository, packages, name });
      const made = await prepareEnvironment(request);
      t.deepEqual(made.frozen, ['alpha-one==2.0', '-e ./my lib'], lines.join('\n'));
      const answer = await run([...made.python, '-c', 'import ownlib; print(ownlib.DATA)'], { env: {} });
      t.is(answer.stdout.trim(), name, answer.stderr);
      t.is(made.cacheHit, name === 'second');
    }
  });

test('a wheel of the repository that has changed is installed again', async (t) => {
  const common = await options(t, 'uv');
  for (const value of ['one', 'two']) {
    const own = { name: 'own', version: '1.0', value };
    const repository = files(path.join(`${common.root}`, value), { [`wheels/${fileName(own)}`]: wheel(own) });
    const packages = [`./wheels/${fileName(own)}`];
    const { request } = environmentRequest(t, { ...common, repository, packages, name: `run-${value}` });
    const made = await prepareEnvironment(request);
    const answer = await run([...made.python, '-c', 'import own; print(own.VALUE)'], { env: {} });
    t.is(answer.stdout.trim(), value, answer.stderr);
  }
});

test('pip installs what uv would read otherwise, and packages by name whose files are elsewhere', async (t) => {
  const common = await options(t, 'auto');
  const packages = [
    'alpha-one===1.0',
    'beta @ file:///home/conda/feedstock_root/build_artifacts/beta_1620240208055/work',
  ];
  const { request, lines } = environmentRequest(t, { ...common, packages });
  const made = await prepareEnvironment(request);
  t.deepEqual([made.manager, made.frozen], ['pip', ['alpha-one==1.0', 'beta==1.0']]);
  t.regex(lines.join('\n'), /^Taken from the package index, as their files are not here: beta @ file:/m);
  t.regex(
    lines.join('\n'),
    /uv \S+ reads the operator === of alpha-one in the requirements otherwise than pip$/m,
  );
});

test('a list that names a file which is not there ends the task and says which', async (t) => {
  const common = await options(t, 'auto');
  const repository = files(path.join(`${common.root}`, 'repository'), {
    'requirements.txt': 'alpha-one\n-r lists/base.txt\n',
    'lists/base.txt': '-r more.txt\n',
  });
  const inRepository = { where: 'in the repository' };
  const missing = (values: Record<string, string>) => troubleshootingLine('requirement-file-missing', values);
  const tables: [packages: string[], cause: RegExp][] = [
    [[], missing({ list: 'requirements.txt', file: 'lists/more.txt', ...inRepository })],
    [['--requirement=gone.txt'], missing({ list: 'the task', file: 'gone.txt', ...inRepository })],
    [
      ['-c /nonexistent/c.txt', 'alpha-one'],
      /^the requirements cannot be read: \/nonexistent\/c\.txt is outside of the repository/,
    ],
    [['-r lists'], /^lists cannot be read: /],
  ];
  for (const [packages, cause] of tables) {
    const { request } = environmentRequest(t, { ...common, repository, packages });
    const error = await t.throwsAsync(prepareEnvironment(request));
    t.true(isAgentError(error, 'REQUIREMENTS_INSTALL'));
    t.regex(error?.message ?? '', cause);
  }
});
