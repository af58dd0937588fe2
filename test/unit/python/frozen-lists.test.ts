import test from 'ava';
import { parseRequirement } from '../../../src/packaging/requirement.js';
import { parseRequirementList } from '../../../src/packaging/requirement-list.js';
import type { InstalledPackage } from '../../../src/python/install/environment-inspection.js';
import { freezeLines, withoutLogin } from '../../../src/python/install/freeze.js';
import { frozenList } from '../../../src/python/requirements/frozen-list.js';
import {
  foldersDownTo,
  frozenRequirements,
  requirementSource,
} from '../../../src/python/requirements/requirement-source.js';
import { SETTINGS } from '../../support/requirement-settings.js';

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
