import test from 'ava';
import fc from 'fast-check';
import { expandListed } from '../../../src/packaging/list-variables.js';
import { parseRequirement, type Requirement, requirementText } from '../../../src/packaging/requirement.js';
import { isAddress, parseRequirementList } from '../../../src/packaging/requirement-list.js';

const TEXTS: [line: string, text: string, kind: Requirement['kind']][] = [
  ['numpy  ==  1.26 # why', 'numpy==1.26', 'index'],
  ['requests [socks, security]>=2', 'requests[security,socks]>=2', 'index'],
  ["pandas;sys_platform=='win32'", "pandas; sys_platform=='win32'", 'index'],
  ['pkg (>=1.0,<2)', 'pkg>=1.0,<2', 'index'],
  ['six==1.16 --hash=sha256:ab --hash=sha256:cd', 'six==1.16 --hash=sha256:ab --hash=sha256:cd', 'index'],
  ['git+ssh://git@host/a/b.git@v1#egg=b', 'git+ssh://git@host/a/b.git@v1#egg=b', 'vcs'],
  ['pkg @ https://host/pkg-1.0.tar.gz', 'pkg @ https://host/pkg-1.0.tar.gz', 'link'],
  ['./wheels/pkg-1.0-py3-none-any.whl', './wheels/pkg-1.0-py3-none-any.whl', 'local'],
  ['.[dev]', '.[dev]', 'local'],
  ['-e ./src', '-e ./src', 'local'],
  ['-e./src', '-e ./src', 'local'],
  ['-e "./my lib"', '-e ./my lib', 'local'],
  ["--editable='./my lib'", '-e ./my lib', 'local'],
  ['-e ./my\\ lib', '-e ./my lib', 'local'],
  ['--edit git+https://h/a.git#egg=a', '-e git+https://h/a.git#egg=a', 'vcs'],
  ['wheels/a-1.0-py3-none-any.whl#sha256=ab', 'wheels/a-1.0-py3-none-any.whl#sha256=ab', 'local'],
  ['numpy=1.26', 'numpy=1.26', 'unread'],
];

for (const [line, text, kind] of TEXTS) {
  test(`the line ${line} is read as ${kind}`, (t) => {
    const requirement = parseRequirement(line);
    t.is(requirement.kind, kind);
    t.is(requirementText(requirement), text);
  });
}

test('the revision of a repository is told apart from users and ports', (t) => {
  const table: [line: string, revision: string | undefined][] = [
    ['git+https://user:tok@host:8443/a/b.git', undefined],
    ['git+https://user:tok@host:8443/a/b.git@feature/x', 'feature/x'],
    ['git+ssh://git@host/a/b.git', undefined],
    ['git+ssh://git@host/a/b.git@0123456', '0123456'],
  ];
  for (const [line, revision] of table) t.is(parseRequirement(line).revision, revision, line);
});

test('options of a list are told apart from requirements, in each of their forms', (t) => {
  const text = [
    '-i https://a/simple',
    '--extra-index-url=https://b/simple  # why',
    '-fhttps://c/links',
    '--find-links ./wheels',
    '-c "constraints file.txt"',
    '--pre',
    '--trusted-host example.com',
    'numpy \\',
    '  ==1.26',
    '-r more.txt',
  ].join('\r\n');
  const { requirements, options } = parseRequirementList(text, (file) =>
    file === 'more.txt' ? 'six\n-r more.txt' : undefined,
  );
  t.deepEqual(requirements.map(requirementText), ['numpy==1.26', 'six']);
  t.deepEqual(options, {
    indexUrl: 'https://a/simple',
    noIndex: false,
    extraIndexUrls: ['https://b/simple'],
    findLinks: ['https://c/links', './wheels'],
    constraints: ['constraints file.txt'],
    others: ['--pre', '--trusted-host example.com'],
  });
});

test('several options on a line, beginnings of their names, and files that only the installer can read', (t) => {
  const list = parseRequirementList(
    [
      '\ufeff--index-url https://a/simple --trusted-host a --extra-index https://b/simple',
      '--constr=limits.txt --require-hashes',
      '-r https://h/more.txt',
      '-r ${LISTS}/more.txt',
      '-r gone.txt',
      '-rsub/some.txt',
    ],
    (file) => (file === 'sub/some.txt' ? '-r gone.txt\n-e ./lib' : undefined),
    (file) => isAddress(file) || file.includes('$'),
  );
  t.deepEqual(list.requirements.map(requirementText), [
    '-r https://h/more.txt',
    '-r ${LISTS}/more.txt',
    '-e ./lib',
  ]);
  t.deepEqual(list.missing, ['gone.txt', 'sub/gone.txt']);
  t.deepEqual(list.options, {
    indexUrl: 'https://a/simple',
    noIndex: false,
    extraIndexUrls: ['https://b/simple'],
    findLinks: [],
    constraints: ['limits.txt'],
    others: ['--trusted-host a', '--require-hashes'],
  });
});

test('variables in a list are those that pip reads', (t) => {
  const env = { TOKEN_1: 'x', EMPTY: '', lower: 'y' };
  t.is(
    expandListed('${TOKEN_1} $TOKEN_1 ${EMPTY} ${UNSET} ${lower}', env),
    'x $TOKEN_1 ${EMPTY} ${UNSET} ${lower}',
  );
});

test('a file named in a file is looked for beside it', (t) => {
  const files: Record<string, string> = {
    'a/one.txt': '-r two.txt',
    'a/two.txt': '-r ../b/three.txt',
    'a/../b/three.txt': 'six',
  };
  const { requirements } = parseRequirementList('-r a/one.txt', (file) => files[file]);
  t.deepEqual(
    requirements.map(({ name }) => name),
    ['six'],
  );
});

test('any text is read without an error, and what is read is read the same again', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (line) => {
      const text = requirementText(parseRequirement(line));
      t.is(requirementText(parseRequirement(text)), text);
    }),
  );
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9._-]{0,8}[a-z0-9]$/);
  const version = fc.stringMatching(/^\d{1,3}(\.\d{1,3}){0,3}(rc\d|\.post\d|\.\*)?$/);
  const operator = fc.constantFrom('==', '>=', '<=', '!=', '~=', '<', '>');
  const blank = fc.constantFrom('', ' ', '  ');
  fc.assert(
    fc.property(name, fc.array(fc.tuple(operator, version), { maxLength: 3 }), blank, (pkg, parts, gap) => {
      const line = `${pkg}${gap}${parts.map(([op, ver]) => op + gap + ver).join(`${gap},${gap}`)}`;
      const read = parseRequirement(line);
      t.is(read.name, pkg);
      t.deepEqual(read.versions, parts);
    }),
  );
});
