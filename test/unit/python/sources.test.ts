import test from 'ava';
import { Config } from '../../../src/config/config.js';
import { shippedLayer } from '../../../src/config/load.js';
import { parseRequirementList } from '../../../src/packaging/requirement-list.js';
import { chooseForRemoval, type KeptEnvironment } from '../../../src/python/cache/cache-collection.js';
import { environmentKey } from '../../../src/python/cache/environment-key.js';
import { findProject, hasLocalPackages, isPackage } from '../../../src/python/projects/project-files.js';
import { addedPackages, needsRepository } from '../../../src/python/requirements/requirement-files.js';
import { requirementSource } from '../../../src/python/requirements/requirement-source.js';
import {
  fitToTorchIndex,
  namesTorch,
  torchIndexes,
  torchIndexObstacle,
} from '../../../src/python/requirements/torch-index.js';
import { pythonSettings } from '../../../src/python/settings.js';
import { torchSettings } from '../../../src/python/tool-settings.js';
import { SETTINGS } from '../../support/requirement-settings.js';

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
