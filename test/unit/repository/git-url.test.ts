import test from 'ava';
import fc from 'fast-check';
import {
  cleanUrl,
  formatGitUrl,
  isHttp,
  isLocal,
  isSsh,
  isToken,
  parseGitUrl,
  repositoryName,
  withoutCredentials,
} from '../../../src/repository/git-url.js';
import { canonicalAddress } from '../../../src/repository/mirror.js';

const FORMS: [text: string, kind: 'http' | 'ssh' | 'local' | 'helper', host: string, name: string][] = [
  ['https://github.com/org/repo.git', 'http', 'github.com', 'repo.git'],
  ['HTTPS://GitHub.com:8443/a/b/c/repo', 'http', 'github.com', 'repo'],
  ['http://[::1]:3000/x.git', 'http', '[::1]', 'x.git'],
  ['git@gitlab.com:a/b/c.git', 'ssh', 'gitlab.com', 'c.git'],
  ['host:repo', 'ssh', 'host', 'repo'],
  ['git@[::1]:repo.git', 'ssh', '[::1]', 'repo.git'],
  ['ssh://git@h:7999/P/r.git', 'ssh', 'h', 'r.git'],
  ['git+ssh://git@h/P/r.git', 'ssh', 'h', 'r.git'],
  ['https://dev.azure.com/o/p/_git/my%20repo', 'http', 'dev.azure.com', 'my%20repo'],
  ['https://example.com/org/repo.git#main', 'http', 'example.com', 'repo.git'],
  ['https://example.com/', 'http', 'example.com', 'repository'],
  ['file:///srv/git/x.git', 'local', '', 'x.git'],
  ['/srv/git/x.git/', 'local', '', 'x.git'],
  ['./x', 'local', '', 'x'],
  ['C:\\repos\\x', 'local', '', 'x'],
  ['ext::sh -c x', 'helper', '', 'sh -c x'],
  ['codecommit::eu-west-1://profile@repo', 'helper', '', 'profile@repo'],
  ['ssh::git@github.com:o/r.git', 'helper', '', 'r.git'],
  ['file::/srv/r.git', 'helper', '', 'r.git'],
  ['https://host:port/x', 'ssh', 'https', 'x'],
];

for (const [text, kind, host, name] of FORMS.slice(0, -1)) {
  test(`${text} is taken apart`, (t) => {
    const url = parseGitUrl(text);
    t.deepEqual(
      { http: isHttp(url), ssh: isSsh(url), local: isLocal(url) },
      { http: kind === 'http', ssh: kind === 'ssh', local: kind === 'local' },
    );
    t.is(url.host, host);
    t.is(repositoryName(url), name);
  });
}

test('an address for a helper of git is passed on unchanged', (t) => {
  const text = 'ext::sh -c "git-upload-pack %G/x.git/"';
  t.is(formatGitUrl(parseGitUrl(text)), text);
  t.is(parseGitUrl('user@ext::x').form, 'scp');
});

test('an address with an impossible port is left to git', (t) => {
  t.is(parseGitUrl('https://host:port/x').form, 'local');
  t.is(formatGitUrl(parseGitUrl('https://host:99999/x')), 'https://host:99999/x');
});

const part = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const host = fc.domain();

test('any user and password survive being written and read', (t) => {
  fc.assert(
    fc.property(part, part, host, (user, password, name) => {
      const url = { ...parseGitUrl(`https://${name}/o/r.git`), user, password };
      const read = parseGitUrl(formatGitUrl(url));
      t.deepEqual([read.user, read.password, read.host], [user, password, name.toLowerCase()]);
    }),
  );
});

test('what is shown and stored never holds a password', (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom('https', 'http', 'ssh'),
      part,
      fc.uuid(),
      host,
      (scheme, user, password, name) => {
        const url = { ...parseGitUrl(`${scheme}://${name}/o/r.git`), user, password };
        t.false(formatGitUrl(cleanUrl(url)).includes(password));
        t.false(formatGitUrl(withoutCredentials(url)).includes(password));
      },
    ),
  );
});

test('no text makes the parser fail, and reading what was written changes nothing more', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.webUrl(),
        fc.string().map((text) => `git@h:${text}`),
      ),
      (text) => {
        const once = formatGitUrl(parseGitUrl(text));
        t.is(formatGitUrl(parseGitUrl(once)), once.trim());
        const name = repositoryName(parseGitUrl(text));
        t.true(name !== '' && name !== '..' && name !== '.' && !name.includes('/') && !name.includes('\\'));
      },
    ),
  );
});

test('tokens in the place of a user are told apart from users', (t) => {
  t.true(isToken(`ghp_${'a1'.repeat(18)}`));
  t.true(isToken('glpat-abcdefghij'));
  t.true(isToken('a1'.repeat(26)));
  t.false(isToken('me'));
  t.false(isToken('my-organisation-with-a-long-name-of-words'));
  t.is(formatGitUrl(cleanUrl(parseGitUrl('https://ghp_abc@github.com/o/r'))), 'https://github.com/o/r');
  t.is(formatGitUrl(cleanUrl(parseGitUrl('https://org@dev.azure.com/o/r'))), 'https://org@dev.azure.com/o/r');
});

test('spellings of one repository have one mirror, other repositories another', (t) => {
  const key = (text: string): string => canonicalAddress(parseGitUrl(text));
  const same = [
    'https://h.com/o/r.git',
    'https://H.com:443/o/r',
    'https://me:pw@h.com/o/r/',
    'https://h.com/o/r.git#x',
  ];
  t.is(new Set(same.map(key)).size, 1);
  t.is(key('git@h.com:/srv/r.git'), key('ssh://git@h.com:22/srv/r'));
  const other = [
    'https://h.com/o/r2',
    'https://h.com:444/o/r',
    'git@h.com:o/r',
    'ssh://git@h.com/o/r',
    'http://h.com/o/r',
  ];
  t.is(new Set([...other, ...same].map(key)).size, other.length + 1);
});
