import test from 'ava';
import { Redactor } from '../../../src/secrets/redactor.js';

const SECRET = 'p@ss/w0rd+"é x\'';
const MASK = '********';

const percent = encodeURIComponent(SECRET);
const ascii = JSON.stringify(SECRET).replace(
  /[\u007f-\uffff]/g,
  (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
);
const base64 = (text: string) => Buffer.from(text).toString('base64');

/** How programs print a secret. `quote` and `json.dumps` are Python's. */
const FORMS: readonly [name: string, text: string][] = [
  ['plain', SECRET],
  ['percent-encoded', percent],
  ['percent-encoded in small letters', percent.replace(/%\w\w/g, (code) => code.toLowerCase())],
  ['percent-encoded by quote, which keeps /', percent.replaceAll('%2F', '/').replaceAll("'", '%27')],
  ['percent-encoded by quote_plus', percent.replaceAll('%20', '+').replaceAll("'", '%27')],
  ['in a JSON text', JSON.stringify({ key: SECRET })],
  ['in a JSON text of json.dumps', ascii],
  ['in a JSON text within another', JSON.stringify(JSON.stringify({ key: SECRET }))],
  ['as a Python literal', `'${SECRET.replaceAll("'", "\\'")}'`],
  ['as a Python bytes literal', `b'${SECRET.replaceAll("'", "\\'").replaceAll('é', '\\xc3\\xa9')}'`],
  ['quoted for a shell', `'${SECRET.replaceAll("'", `'\\''`)}'`],
  ['quoted by shlex', `'${SECRET.replaceAll("'", `'"'"'`)}'`],
  ['in HTML', SECRET.replaceAll('"', '&quot;').replaceAll("'", '&#x27;')],
  ['hex', Buffer.from(SECRET).toString('hex')],
  ['hex in capitals', Buffer.from(SECRET).toString('hex').toUpperCase()],
  ['base64', base64(SECRET)],
  ['base64 of a header', base64(`user:${SECRET}`)],
  ['base64 of a longer header', base64(`username:${SECRET}:and more`)],
  ['base64 for addresses', Buffer.from(`u:${SECRET}`).toString('base64url')],
  ['with a colour inside', `p@ss\x1b[31m/w0rd\x1b[0m+"é x'`],
  ['with a NUL inside', SECRET.split('').join('\0')],
  ['with a zero-width blank inside', SECRET.replace('w', '\u200bw')],
  ['in the title of a terminal', `\x1b]0;${SECRET}\x07`],
  ['over two lines', SECRET.replace('w', '\nw')],
  ['over two lines of Windows', SECRET.replace('w', '\r\nw')],
  ['in base64 of short lines', base64(`user:${SECRET}`).replace(/.{12}/g, '$&\n')],
];

const VISIBLE = /\x1b\[\d*m|[\0\s\u200b]/g;

for (const [name, text] of FORMS) {
  test(`a registered secret is removed: ${name}`, (t) => {
    const redacted = new Redactor([SECRET]).redact(`before ${text} after`);
    t.true(redacted.startsWith('before ') && redacted.endsWith(' after'));
    t.true(redacted.includes(MASK));
    const rest = redacted.replace(VISIBLE, '');
    const decoded = Buffer.from(rest.slice('before'.length), 'base64').toString('latin1');
    for (const part of ['w0rd', Buffer.from('w0rd').toString('hex')])
      t.false(rest.toLowerCase().includes(part) || decoded.includes(part));
  });
}

test('what was invisible inside a secret stays behind the mask', (t) => {
  const redactor = new Redactor(['secret-thing']);
  t.is(redactor.redact('a \x1b[1msecret-\x1b[31mthing\x1b[0m b\n'), `a \x1b[1m${MASK}\x1b[31m\x1b[0m b\n`);
  t.is(redactor.redact('a secret-\nthing b\n'), `a ${MASK}\n b\n`);
});

test('passwords in addresses are removed without being registered', (t) => {
  const redactor = new Redactor();
  const text = 'git clone https://user:tok%40en@host:8080/a.git and ssh://git@host:22/x';
  t.is(redactor.redact(text), 'git clone https://user:********@host:8080/a.git and ssh://git@host:22/x');
  t.is(redactor.redact('http://host:80/path user@mail'), 'http://host:80/path user@mail');
});

test('every line of a long secret is masked', (t) => {
  const redactor = new Redactor(['-----BEGIN KEY-----\nabcdefgh\nxy\n', undefined, '']);
  t.is(redactor.redact('abcdefgh xy'), `${MASK} xy`);
});

test('of two secrets the longer is removed as a whole, and overlapping ones together', (t) => {
  t.is(new Redactor(['token1', 'token1-long']).redact('a token1-long b token1'), `a ${MASK} b ${MASK}`);
  t.is(new Redactor(['abc-def', 'def-ghij']).redact('x abc-def-ghij y'), `x ${MASK} y`);
});

/** A word that is somebody's password is hidden as a password, not as a word. */
const WORDS: readonly [text: string, redacted: string][] = [
  ['the loss is 0.3, losses fall', 'the loss is 0.3, losses fall'],
  ['password=loss', `password=${MASK}`],
  ['{"password": "loss"}', `{"password": "${MASK}"}`],
  ['pip --password loss -v', `pip --password ${MASK} -v`],
  ['ftp://user:loss@host', `ftp://user:${MASK}@host`],
  ['step 12345 of 99999', 'step 12345 of 99999'],
  ['pin=12345', `pin=${MASK}`],
];

for (const [text, redacted] of WORDS) {
  test(`a short secret or a plain word in "${text}"`, (t) =>
    t.is(new Redactor(['loss', '12345']).redact(text), redacted));
}

test('what a run registers is hidden in its log and in the agent’s, not in other runs, and ends with it', (t) => {
  const agent = new Redactor(['of-the-agent']);
  const [one, other] = [agent.fork(), agent.fork()];
  const text = 'of-the-agent of-one-run';
  t.is(one.redact(text), `${MASK} of-one-run`);
  one.add('of-one-run');
  t.deepEqual(
    [one, agent, other].map((redactor) => redactor.redact(text)),
    [`${MASK} ${MASK}`, `${MASK} ${MASK}`, `${MASK} of-one-run`],
  );
  one.end();
  t.is(agent.redact(text), `${MASK} of-one-run`);
  agent.add('added-later');
  t.is(other.redact('added-later'), MASK);
});

const TAILS: readonly [text: string, held: number][] = [
  ['nothing', 0],
  ['a secr', 4],
  ['a se\x1b[1mcr', 8],
  ['a secr\x1b[', 6],
  ['a secret-thing', 0],
  ['a secr\n', 0],
  ['a secret-t\n', 9],
  ['a secret-t\nhi', 11],
  ['see https://user:pass', 'https://user:pass'.length - 'https'.length],
  ['see https://host/path', 0],
  ['see https:', 1],
  ['Name? ', 0],
];

for (const [text, held] of TAILS) {
  test(`held back of ${JSON.stringify(text)}`, (t) =>
    t.is(new Redactor(['secret-thing']).unfinished(text), held));
}

test('a megabyte of hostile text is quick', (t) => {
  const redactor = new Redactor(['secret-thing', SECRET, 'loss']);
  const started = performance.now();
  for (const part of [
    'a',
    '://',
    ':',
    'a:',
    '://a:',
    '@',
    'secret',
    '\x1b',
    '\x1b[',
    '\x1b]',
    '\x1b[1',
    '\n',
    '\0',
    'pass ',
  ]) {
    const text = part.repeat(1_000_000 / part.length);
    redactor.redact(text);
    redactor.unfinished(text);
  }
  t.true(performance.now() - started < 20_000);
});

test('the redactors of a thousand runs need little memory', (t) => {
  const agent = new Redactor([
    'a-secret-key-of-some-length',
    'x'.repeat(40),
    `${'header.payload'.repeat(20)}.end`,
  ]);
  const before = process.memoryUsage().arrayBuffers;
  const runs = Array.from({ length: 100 }, () => agent.fork());
  for (const run of runs) run.add('a-secret-key-of-some-length');
  t.true(runs.every((run) => run.redact('key a-secret-key-of-some-length') === 'key ********'));
  const each = (process.memoryUsage().arrayBuffers - before) / runs.length;
  t.true(each < 2 * 1024, `${Math.round(each / 1024)} KB each`);
  const [first, second] = runs;
  first?.add('a-secret-of-one-run');
  t.is(first?.redact('a-secret-of-one-run a-secret-key-of-some-length'), '******** ********');
  t.is(second?.redact('a-secret-of-one-run'), 'a-secret-of-one-run');
  agent.add('a-secret-that-came-later');
  t.is(second?.redact('a-secret-that-came-later'), '********');
});
