import test from 'ava';
import { Config } from '../../../src/config/config.js';
import { shippedLayer } from '../../../src/config/load.js';
import { parseRequirement } from '../../../src/packaging/requirement.js';
import { parseRequirementList } from '../../../src/packaging/requirement-list.js';
import { chooseForRemoval, type KeptEnvironment } from '../../../src/python/cache/cache-collection.js';
import { environmentKey } from '../../../src/python/cache/environment-key.js';
import {
  condaDependency,
  missingDependencies,
  parseCondaLines,
  planConda,
  withoutMissing,
} from '../../../src/python/conda/conda-plan.js';
import type { InstalledPackage } from '../../../src/python/install/environment-inspection.js';
import { freezeLines, withoutLogin } from '../../../src/python/install/freeze.js';
import { findProject, hasLocalPackages, isPackage } from '../../../src/python/projects/project-files.js';
import { frozenList } from '../../../src/python/requirements/frozen-list.js';
import { addedPackages, needsRepository } from '../../../src/python/requirements/requirement-files.js';
import {
  foldersDownTo,
  frozenRequirements,
  requirementSource,
} from '../../../src/python/requirements/requirement-source.js';
import {
  fitToTorchIndex,
  namesTorch,
  torchIndexes,
  torchIndexObstacle,
} from '../../../src/python/requirements/torch-index.js';
import { pythonSettings } from '../../../src/python/settings.js';
import { torchSettings } from '../../../src/python/tool-settings.js';

const SETTINGS = {
  priority: [],
  priorityOptional: [],
  post: [],
  postOptional: [],
  forceRepository: false,
  forceOriginal: false,
  untouched: false,
  forceTaskInit: false,
  folders: [],
};
const TORCH = torchSettings(new Config({ env: {}, base: [] }));

test("the task's own list comes before the repository's files", (t) => {
  t.deepEqual(requirementSource({ pip: 'six\n' }, true, SETTINGS), { kind: 'task', lines: ['six', ''] });
  t.deepEqual(requirementSource({ pip: '# nothing' }, true, SETTINGS), { kind: 'repository' });
  t.is(requirementSource({ pip: [] }, false, SETTINGS).kind, 'nothing');
  t.deepEqual(requirementSource({ pip: 'six' }, true, { ...SETTINGS, forceRepository: true }), {
    kind: 'repository',
  });
  const kept = { pip: 'six==1.0', org_pip: 'six' };
  t.deepEqual(requirementSource(kept, true, { ...SETTINGS, forceOriginal: true }), {
    kind: 'task',
    lines: ['six'],
  });
});

test('the list as the user wrote it is kept through all runs', (t) => {
  const first = frozenRequirements({ pip: 'six', conda: '' }, ['six==1.16.0']);
  t.deepEqual(first, { pip: ['six==1.16.0'], org_pip: 'six', conda: '' });
  t.deepEqual(frozenRequirements(first, ['six==1.17.0']), {
    pip: ['six==1.17.0'],
    org_pip: 'six',
    conda: '',
  });
  t.deepEqual(foldersDownTo('/r', '/r/a/b'), ['/r', '/r/a', '/r/a/b']);
  t.deepEqual(foldersDownTo('/r', '/other'), ['/r']);
});

function installed(name: string, version: string, facts: Partial<InstalledPackage> = {}): InstalledPackage {
  return { name, version, source: undefined, editable: false, requires: [], base: false, ...facts };
}

test('a frozen list has what was installed and what that needs, and nothing else of the environment', (t) => {
  const packages = [
    installed('packaging', '24', { base: true }),
    installed('wheel', '1', { base: true, requires: ['packaging>=24'] }),
    installed('setuptools', '65', { base: true }),
    installed('numpy', '1', { base: true }),
    installed('scipy', '1', { base: true, requires: ['numpy>=1'] }),
    installed('plots', '1', { requires: ['numpy', 'gone; python_version < "3"', 'rare; extra == "x"'] }),
    installed('gone', '1', { base: true }),
    installed('rare', '1', { base: true, requires: ['rarer'] }),
    installed('rarer', '1', { base: true }),
  ];
  const markers = { python_version: '3.11' };
  const frozen = (...asked: string[]) => freezeLines(packages, asked.map(parseRequirement), markers);
  t.deepEqual(frozen(), ['numpy==1', 'plots==1']);
  t.deepEqual(frozen('plots[x]'), ['numpy==1', 'plots==1', 'rare==1', 'rarer==1']);
  t.deepEqual(frozen('Scipy', 'wheel'), ['wheel==1', 'numpy==1', 'packaging==24', 'plots==1', 'scipy==1']);
});

function located(from: string, lines: string[], folder: string | undefined = '/r') {
  return { list: parseRequirementList(lines), folder, roots: ['/'], from };
}

test('a frozen list keeps all that is no package, from the root of the repository', (t) => {
  const packages = [installed('six', '1.16'), installed('own', '1'), installed('ipython', '8')];
  const where = { markers: {}, root: '/r' };
  const hash = '--hash=sha256:ab';
  const task = located('the task', [
    '-i https://u:p@a/simple --extra-index-url=https://b/simple',
    '--pre',
    '-f "./my wheels"',
    '-c limits.txt',
    '--no-binary own',
    `six ${hash}`,
    `own==1 ${hash} --hash=sha256:cd`,
  ]);
  const added = { ...located('the agent', ['ipython']), folder: undefined };
  t.deepEqual(frozenList(packages, [task, added], where), {
    packages: [`own==1 ${hash} --hash=sha256:cd`, `six==1.16 ${hash}`],
    options: [
      '--index-url https://u:p@a/simple',
      '--extra-index-url https://b/simple',
      '--find-links "./my wheels"',
      '--constraint limits.txt',
      '--pre',
      '--no-binary own',
    ],
  });
  const root = located('requirements.txt', ['-i https://u:p@a/simple', 'six']);
  const below = located(
    'sub/requirements.txt',
    ['-i ${PRIVATE}', '-c limits.txt', `own==1 ${hash}`],
    '/r/sub',
  );
  t.deepEqual(frozenList(packages, [root, below], where), {
    packages: ['ipython==8', 'own==1', 'six==1.16'],
    options: ['--index-url https://a/simple', '--extra-index-url ${PRIVATE}', '--constraint sub/limits.txt'],
  });
});

test('a frozen list has no password, and tools only where they were asked for', (t) => {
  const packages = [
    installed('pip', '24.0'),
    installed('Zope', '1'),
    installed('clearml-agent', '3.0'),
    installed('abc', '1', { source: 'git+https://u:p@h/a.git@0123' }),
  ];
  t.deepEqual(freezeLines(packages, [], {}), ['abc @ git+https://h/a.git@0123', 'Zope==1']);
  t.deepEqual(freezeLines(packages, [parseRequirement('PIP')], {}), [
    'pip==24.0',
    'abc @ git+https://h/a.git@0123',
    'Zope==1',
  ]);
  t.is(withoutLogin('git+ssh://git@h/a.git'), 'git+ssh://git@h/a.git');
  t.is(withoutLogin('https://token@h/simple'), 'https://h/simple');
});

test('a package of the repository is a path in the frozen list, and in lists of runs that wrote its address', (t) => {
  const own = 'file:///root/.clearml/venvs-builds/1/task_repository/my%20project.git';
  const packages = [
    installed('whole', '1', { source: own }),
    installed('part', '1', { source: `${own}/libs/my%20part`, editable: true }),
    installed('else', '1', { source: 'file:///srv/wheels/else-1-py3-none-any.whl' }),
  ];
  t.deepEqual(freezeLines(packages, [], {}), [
    'else @ file:///srv/wheels/else-1-py3-none-any.whl',
    '-e ./libs/my part',
    '.',
  ]);
  const lines = [`whole @ ${own}`, `-e ${own}/libs`, 'six'];
  t.deepEqual(requirementSource({ pip: lines }, true, SETTINGS), {
    kind: 'task',
    lines: ['.', '-e ./libs', 'six'],
  });
});

test('an index of PyTorch fits the accelerator, and a configured index wins', (t) => {
  t.deepEqual(torchIndexes({ cuda: 121, rocm: undefined }, TORCH).slice(0, 2), [
    'https://download.pytorch.org/whl/cu121/',
    'https://download.pytorch.org/whl/cu120/',
  ]);
  t.deepEqual(torchIndexes({ cuda: 0, rocm: undefined }, TORCH), ['https://download.pytorch.org/whl/cpu/']);
  t.deepEqual(torchIndexes({ cuda: 0, rocm: [6, 0] }, TORCH).slice(0, 2), [
    'https://download.pytorch.org/whl/rocm6.0/',
    'https://download.pytorch.org/whl/rocm5.9/',
  ]);
  t.is(torchIndexObstacle(TORCH, { indexUrl: undefined, others: ['https://private/simple'] }), undefined);
  t.is(typeof torchIndexObstacle(TORCH, { indexUrl: 'https://mirror/simple', others: [] }), 'string');
  t.is(
    typeof torchIndexObstacle(TORCH, { indexUrl: undefined, others: ['https://mirror/whl/cu118/'] }),
    'string',
  );
  t.is(
    torchIndexObstacle(
      { ...TORCH, template: 'https://m/cu{}', templateChosen: true },
      { indexUrl: 'https://mirror/simple', others: [] },
    ),
    undefined,
  );
});

test('a pinned torch takes the build of the index, and old ones limit setuptools', (t) => {
  const list = parseRequirementList(['torch[x]==1.10.0+cu111', 'torchmetrics==1.0']);
  t.true(namesTorch(list));
  const { requirements, options } = fitToTorchIndex(list, 'https://i/');
  t.deepEqual(
    requirements.map(({ name, versions, extras }) => [name, versions, extras]),
    [
      ['torch', [['==', '1.10.0.*']], ['x']],
      ['torchmetrics', [['==', '1.0']], []],
      ['setuptools', [['<', '59']], []],
    ],
  );
  t.deepEqual(options.extraIndexUrls, ['https://i/']);
});

test("a list is sorted into conda's part and pip's", (t) => {
  const lines = [
    'torch==1.13.0.post2',
    'tensorflow==2',
    'cudatoolkit==13.0',
    'cudnn',
    'matplotlib',
    'clearml==1.1',
    'git+https://h/a.git',
  ];
  const { requirements } = parseRequirementList(lines);
  t.deepEqual(planConda(requirements, { cuda: 118, channels: ['nvidia'] }), {
    channels: ['nvidia'],
    conda: [
      'pytorch~=1.13.0',
      'tensorflow-gpu~=2.0',
      'matplotlib',
      'graphviz',
      'python-graphviz',
      'kiwisolver',
      'cuda-toolkit==11.8',
    ],
    pip: ['clearml==1.1', 'git+https://h/a.git'],
    lines: {
      'pytorch~=1.13.0': 'torch==1.13.0.post2',
      'tensorflow-gpu~=2.0': 'tensorflow==2',
      matplotlib: 'matplotlib',
    },
  });
  t.deepEqual(planConda(requirements, { cuda: 0, channels: [] }).conda.slice(-1), ['cpuonly']);
  t.is(condaDependency(parseRequirement('numpy>=1,<2'), { cuda: 0 }), 'numpy>=1.0,<2.0');
  t.deepEqual(
    parseCondaLines(['- numpy # why', '', 'pip=21']).map(({ line }) => line),
    ['numpy', 'pip=21'],
  );
});

test('conda gets what the markers of its Python want, and pip adds what extras need', (t) => {
  const lines = [
    'requests[socks]==2.31.0',
    'pywin32; sys_platform == "win32"',
    'tomli>=2; python_version < "3.11"',
    'numpy==1.26; python_version >= "3.9"',
    'six==1.16 --hash=sha256:ab',
    './own ; python_version < "3"',
  ];
  const { requirements } = parseRequirementList(lines);
  const facts = { cuda: 0, channels: [], markers: { sys_platform: 'linux', python_version: '3.11' } };
  const plan = planConda(requirements, facts);
  t.deepEqual(plan.conda, ['requests~=2.31.0', 'numpy~=1.26']);
  t.deepEqual(plan.pip, ['requests[socks]==2.31.0', 'six==1.16 --hash=sha256:ab']);
  t.deepEqual(withoutMissing(plan, plan.conda).pip, [
    'requests[socks]==2.31.0',
    'six==1.16 --hash=sha256:ab',
    'numpy==1.26; python_version >= "3.9"',
  ]);
});

test('what conda does not have is left to pip, in the words of conda and micromamba', (t) => {
  const asked = ['pytorch~=2.1.0', 'gamma~=1.0', 'gammaray'];
  t.deepEqual(missingDependencies('{"bad_deps": ["gamma~=1.0"]}', asked), ['gamma~=1.0']);
  t.deepEqual(missingDependencies('Collecting\nResolvePackageNotFound: \n  - pytorch~=2.1.0\n', asked), [
    'pytorch~=2.1.0',
  ]);
  t.deepEqual(missingDependencies('nothing provides requested gamma ~=1.0', asked), ['gamma~=1.0']);
  t.deepEqual(withoutMissing({ channels: [], conda: asked, pip: [], lines: {} }, ['pytorch~=2.1.0']).pip, [
    'torch~=2.1.0',
  ]);
});

test('environments longest unused go first until the limits hold', (t) => {
  const kept = (key: string, day: number, bytes: number): KeptEnvironment => ({
    key,
    folder: '',
    summary: '',
    created: new Date(0),
    lastUsed: new Date(2020, 1, day),
    bytes,
  });
  const all = [kept('new', 3, 10), kept('old', 1, 10), kept('middle', 2, 10)];
  const keys = (limits: Parameters<typeof chooseForRemoval>[1], free = 1000): string[] =>
    chooseForRemoval(all, limits, free).map(({ environment }) => environment.key);
  const none = { maxEntries: 10, maxBytes: undefined, freeBytes: 0 };
  t.deepEqual(keys(none), []);
  t.deepEqual(keys({ ...none, maxEntries: 1 }), ['old', 'middle']);
  t.deepEqual(keys({ ...none, maxBytes: 25 }), ['old']);
  t.deepEqual(keys({ ...none, freeBytes: 100 }, 85), ['old', 'middle']);
});

test('a key changes with all that decides what is installed', (t) => {
  const inputs = {
    interpreter: 'a',
    systemSitePackages: false,
    inherited: '',
    image: '',
    cuda: '0',
    manager: 'pip',
    settings: [],
    requirements: ['six'],
  };
  const key = environmentKey(inputs);
  t.is(environmentKey({ ...inputs }), key);
  for (const other of [
    { interpreter: 'b' },
    { systemSitePackages: true },
    { image: 'x' },
    { cuda: '118' },
    { manager: 'uv' },
    { settings: ['--pre'] },
    { requirements: ['six', 'a'] },
  ]) {
    t.not(environmentKey({ ...inputs, ...other }), key);
  }
});

test('a pyproject.toml without a project is none', (t) => {
  t.is(findProject({ repository: undefined }, 'uv', false), undefined);
  const project = { folder: '/', roots: ['/'], pyproject: '[project]\nname = "a"\n', lock: undefined };
  t.false(isPackage(project, 'uv'));
  t.true(isPackage({ ...project, pyproject: '[project]\n[build-system]\n' }, 'uv'));
  t.false(isPackage({ ...project, pyproject: '[tool.poetry]\npackage-mode = false\n' }, 'poetry'));
  t.true(hasLocalPackages({ ...project, lock: 'source = { editable = "packages/a" }' }));
  t.false(hasLocalPackages({ ...project, lock: 'source = { virtual = "." }' }));
});

test('a notebook needs its converter, and an injected start of the SDK the SDK', (t) => {
  t.deepEqual(addedPackages({ entry_point: 'a.ipynb --x 1' }, SETTINGS), ['nbconvert', 'ipython']);
  t.deepEqual(addedPackages({ entry_point: '"my notes.ipynb"' }, SETTINGS), ['nbconvert', 'ipython']);
  t.deepEqual(addedPackages({ entry_point: 'a.py' }, { ...SETTINGS, forceTaskInit: true }), ['clearml']);
});

test('an environment needs the repository only for what is in it', (t) => {
  const config = new Config({ env: { HOME: '/home/user' }, base: [shippedLayer()] });
  const settings = pythonSettings(config);
  const table: [lines: string[], needs: boolean][] = [
    [['six', 'git+https://h/a.git', '-i https://h/simple'], false],
    [[], true],
    [['six', '-r more.txt'], true],
    [['-c limits.txt', 'six'], true],
    [['-f ./wheels', 'six'], true],
    [['.'], true],
  ];
  for (const [pip, needs] of table)
    t.is(needsRepository({ script: { requirements: { pip } } }, settings), needs, pip.join());
  t.true(needsRepository({ script: { requirements: { pip: 'six' } } }, { ...settings, manager: 'poetry' }));
});
