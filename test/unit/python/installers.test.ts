import test from 'ava';
import { emptyOptions } from '../../../src/packaging/list-options.js';
import { parseRequirementList } from '../../../src/packaging/requirement-list.js';
import { chooseEngine, type EngineFacts } from '../../../src/python/install/engine-choice.js';
import { planInstall, takeIndexFlags } from '../../../src/python/install/install-plan.js';
import { readIni } from '../../../src/python/install/pip-configuration.js';
import { mergeRepeated } from '../../../src/python/install/repeated-packages.js';
import { uvFlags, uvOptions } from '../../../src/python/install/uv-flags.js';
import { uvEnvironment } from '../../../src/python/install/uv-installer.js';
import { listObstacle } from '../../../src/python/install/uv-obstacles.js';

const UV = { bestMatch: true, offline: false, fresh: false };
const PIP = {
  versions: [],
  versionsAsked: false,
  legacyResolver: [],
  extraIndexUrls: [],
  extraFlags: [],
  upgrade: false,
};
const ORDER = {
  priority: ['numpy', 'pip'],
  priorityOptional: ['pygobject'],
  post: ['horovod'],
  postOptional: ['flash-attn'],
  forceRepository: false,
  forceOriginal: false,
  untouched: false,
  forceTaskInit: false,
  folders: [],
};
const CONFIGURATION = {
  indexUrl: undefined,
  extraIndexUrls: [],
  findLinks: [],
  noIndex: false,
  trustedHosts: [],
  certificate: undefined,
  clientCertificate: undefined,
  proxy: undefined,
  constraints: [],
  pre: false,
  noBinary: [],
  onlyBinary: [],
  others: [],
  otherSettings: [],
};

test('a list is sorted into its steps', (t) => {
  const list = parseRequirementList([
    'clearml==1.0',
    'numpy',
    'horovod ; python_version > "3"',
    'Flash_Attn',
    'pygobject',
    'six',
    '-e .',
    'clearml==1.1',
  ]);
  const plan = planInstall(list, ORDER);
  t.deepEqual(plan.first, [
    { text: 'numpy', optional: false, fixed: true, editable: false },
    { text: 'pygobject', optional: true, fixed: true, editable: false },
  ]);
  t.deepEqual(
    plan.main.filter((line) => line !== ''),
    ['numpy', 'pygobject', 'six', 'clearml==1.1'],
  );
  t.deepEqual(
    plan.post.map(({ text, optional }) => [text, optional]),
    [
      ['horovod; python_version > "3"', false],
      ['Flash_Attn', true],
    ],
  );
  t.deepEqual(plan.external, [{ text: '.', optional: false, fixed: false, editable: true }]);
});

test('only a repository at a full commit installs the same each time', (t) => {
  const commit = '0123456789abcdef0123456789abcdef01234567';
  const lines = [
    `git+https://h/a.git@${commit}`,
    'git+https://h/a.git@main',
    'git+https://h/a.git@0123456',
    'https://h/a-1.0.tar.gz',
    './a',
  ];
  const plan = planInstall(parseRequirementList(lines), ORDER);
  t.deepEqual(
    plan.external.map(({ fixed }) => fixed),
    [true, false, false, true, false],
  );
});

test('flags that may hold a password leave the command line', (t) => {
  const { flags, options } = takeIndexFlags(
    ['--no-deps', '--index-url', 'https://u:p@h/', '--extra-index-url=https://x:y@h/', '-f', './w'],
    emptyOptions(),
  );
  t.deepEqual(flags, ['--no-deps']);
  t.is(options.indexUrl, 'https://u:p@h/');
  t.deepEqual([...options.extraIndexUrls, ...options.findLinks], ['https://x:y@h/', './w']);
});

test("pip's flags are said in uv's words, or not at all", (t) => {
  t.deepEqual(uvFlags(['--pre', '--trusted-host', 'h', '--timeout=5', '-U']), {
    flags: ['--prerelease', 'allow', '--allow-insecure-host', 'h', '--upgrade'],
  });
  t.deepEqual(uvFlags(['--user']), { unknown: '--user' });
  t.deepEqual(uvOptions(['--pre', '--no-binary :all:', '--use-feature=x']), {
    lines: ['--no-binary :all:'],
    flags: ['--prerelease', 'allow'],
    unknown: ['--use-feature=x'],
  });
});

const MISPLACED: readonly string[] = [
  '-U --constraint /etc/shadow',
  '-U -c /etc/shadow',
  '--no-cache-dir --constraint=/etc/shadow',
  '--upgrade --find-links /etc',
  '--no-deps --index-url https://elsewhere/',
  '-q -i https://elsewhere/',
  '--quiet --extra-index-url=https://elsewhere/',
  '--no-color --target=/etc',
  '-q --config-settings=a=b',
  '-v @file',
  '-U --no-binary --python',
  '-U --no-binary a,--python',
  '-U --only-binary=--python',
  '--trusted-host --config-file=/etc/shadow',
  '--trusted-host=--target=/etc',
  '--trusted-host',
];

for (const line of MISPLACED) {
  test(`no flag of uv comes from a line that pip refuses: ${line}`, (t) => {
    const { options } = parseRequirementList([line]);
    const { flags, unknown } = uvOptions(options.others);
    t.deepEqual(flags, []);
    t.is(unknown.length, 1);
  });
}

test("pip's configuration reaches uv through its variables, and the user's own for uv stay", (t) => {
  const pip = {
    ...CONFIGURATION,
    indexUrl: 'https://a/',
    extraIndexUrls: ['https://b/'],
    certificate: '/ca.pem',
    noBinary: [':all:', 'x'],
  };
  t.deepEqual(uvEnvironment(pip, UV, { UV_INDEX: 'https://c/', SSL_CERT_FILE: '/mine.pem' }), {
    UV_DEFAULT_INDEX: 'https://a/',
    UV_INDEX: 'https://b/ https://c/',
    UV_NO_BINARY: '1',
    UV_NO_BINARY_PACKAGE: 'x',
    UV_INDEX_STRATEGY: 'unsafe-best-match',
  });
});

test('the tool is chosen by what is there and what is asked, and says why', (t) => {
  const facts: EngineFacts = {
    uv: { version: '0.5.1' },
    pipOnly: [],
    plans: [],
    lists: [],
    inheritsPackages: false,
    pythonVersion: '3.11.7',
    options: UV,
  };
  const table: [facts: Partial<EngineFacts>, flags: string[], engine: 'uv' | 'pip', why: RegExp][] = [
    [{}, [], 'uv', /^uv 0\.5\.1 is installed$/],
    [{ uv: undefined }, [], 'pip', /^uv is not installed$/],
    [{ pythonVersion: '2.7.18' }, [], 'pip', /Python 2\.7\.18$/],
    [{}, ['--user'], 'pip', /the pip flag --user$/],
    [{ inheritsPackages: true }, [], 'pip', /^uv does not count what the interpreter has as installed$/],
    [{ pipOnly: ['src'] }, [], 'pip', /the setting src of pip's configuration$/],
  ];
  for (const [some, extraFlags, engine, why] of table) {
    const choice = chooseEngine('auto', { ...PIP, extraFlags }, { ...facts, ...some });
    t.is(choice.engine, engine);
    t.regex(choice.why, why);
  }
  t.is(chooseEngine('pip', PIP, facts).engine, 'pip');
});

const LIST_OBSTACLES: [lines: string[], why: RegExp | undefined][] = [
  [['six==1.0rc1', 'a>=1.0,<2', 'b!=1.0', 'c==1.0.post1', 'd==1.0.*'], undefined],
  [['six>=1.0rc1'], /^the preview in six>=1\.0rc1 in the requirements$/],
  [['six~=2.0b2'], /the preview/],
  [['six>1.0.dev3,<2'], /the preview/],
  [['six===1.0'], /^the operator === of six/],
  [['six==1.0 --global-option=x'], /^--global-option=x of six/],
  [['six==1.0 --config-settings=a=b'], /^--config-settings=a=b of six/],
  [['six==1.0 --hash=sha256:ab'], undefined],
  [['./wheels/six-1.0-py3-none-any.whl#sha256=ab'], /^the fragment after \.\/wheels/],
  [['wheels/six-1.0-py3-none-any.whl#egg=six'], /the fragment/],
  [['https://h/six-1.0-py3-none-any.whl#sha256=ab'], /the fragment/],
  [['six @ https://h/six-1.0-py3-none-any.whl#sha256=ab', 'git+https://h/a.git#egg=a'], undefined],
  [['--no-binary six,seven', 'six'], undefined],
  [['--no-binary :all:', '--only-binary=six', 'six'], /^--no-binary :all: with --only-binary six$/],
  [['--only-binary :none:', 'six'], /:none:/],
];

for (const [lines, why] of LIST_OBSTACLES)
  test(`uv takes a list only where it reads it as pip does: ${lines.join(', ')}`, (t) => {
    const obstacle = listObstacle(parseRequirementList(lines));
    if (why === undefined) t.is(obstacle, undefined);
    else t.regex(obstacle ?? '', why);
  });

test('names with commas between are one value for pip and several for uv', (t) => {
  const { options } = parseRequirementList(['--no-binary a,b', '--only-binary=c']);
  t.deepEqual(uvOptions(options.others).lines, ['--no-binary a', '--no-binary b', '--only-binary c']);
  t.deepEqual(uvFlags(['--no-binary', 'a,b']), { flags: ['--no-binary', 'a', '--no-binary', 'b'] });
});

test('a list with hashes is installed as a whole and asks for hashes of all', (t) => {
  const lines = ['numpy==1.0 --hash=sha256:ab', 'horovod==2.0 --hash=sha256:cd', 'git+https://h/a.git'];
  const plan = planInstall(parseRequirementList(lines), ORDER);
  t.deepEqual(plan.main, lines);
  t.deepEqual([...plan.first, ...plan.post, ...plan.external], []);
  t.deepEqual(plan.options.others, ['--require-hashes']);
});

test("addresses of git's own protocol become those of https", (t) => {
  const lines = ['git+git://h/a.git@v1#egg=a', 'b @ git+git://h/b.git', '-e git://h/c.git#egg=c'];
  const { external } = planInstall(parseRequirementList(lines), ORDER);
  t.deepEqual(
    external.map(({ text }) => text),
    ['git+https://h/a.git@v1#egg=a', 'git+https://h/b.git', 'git+https://h/c.git#egg=c'],
  );
});

test('a package that a list names twice becomes one line for the old resolver', (t) => {
  t.deepEqual(mergeRepeated(['six>=1', 'Zope_A==1', 'zope.a[x]<2', 'six ; python_version<"3"', './a']), [
    'six>=1',
    'Zope_A[x]==1,<2',
    'six; python_version<"3"',
    './a',
  ]);
});

test('a configuration file of pip is read, later sections over earlier ones', (t) => {
  const text =
    '# top\n[global]\nindex-url = https://a/\nextra_index_url =\n    https://b/\n    https://c/\n[freeze]\ntimeout = 1\n[install]\nindex-url: https://d/\n';
  t.deepEqual(
    [...readIni(text, ['global', 'install'])],
    [
      ['index-url', 'https://d/'],
      ['extra-index-url', 'https://b/ https://c/'],
    ],
  );
});
