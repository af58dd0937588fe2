import test from 'ava';
import { parseRequirement } from '../../../src/packaging/requirement.js';
import { parseRequirementList } from '../../../src/packaging/requirement-list.js';
import {
  condaDependency,
  missingDependencies,
  parseCondaLines,
  planConda,
  withoutMissing,
} from '../../../src/python/conda/conda-plan.js';

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
