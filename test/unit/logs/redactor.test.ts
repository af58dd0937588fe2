import test from 'ava';
import { Redactor } from '../../../src/logs/redactor.js';

const SECRET = 'p@ss/w0rd+"x"';

const FORMS: readonly [name: string, text: string][] = [
  ['plain', SECRET],
  ['percent-encoded', encodeURIComponent(SECRET)],
  [
    'percent-encoded in small letters',
    encodeURIComponent(SECRET).replace(/%\w\w/g, (code) => code.toLowerCase()),
  ],
  ['in a JSON text', JSON.stringify({ key: SECRET })],
  ['base64', Buffer.from(SECRET).toString('base64')],
  ['base64 of a header', Buffer.from(`user:${SECRET}`).toString('base64')],
  ['base64 of a longer header', Buffer.from(`username:${SECRET}:and more`).toString('base64')],
  ['base64 for addresses', Buffer.from(`u:${SECRET}`).toString('base64url')],
];

for (const [name, text] of FORMS) {
  test(`a registered secret is removed: ${name}`, (t) => {
    const redacted = new Redactor([SECRET]).redact(`before ${text} after`);
    t.true(redacted.startsWith('before ') && redacted.endsWith(' after'));
    t.true(redacted.includes('********'));
    const decoded = Buffer.from(redacted.split(' ')[1] ?? '', 'base64').toString('latin1');
    t.false(redacted.includes('ss/w0rd') || decoded.includes('w0rd'));
  });
}

test('passwords in addresses are removed without being registered', (t) => {
  const redactor = new Redactor();
  const text = 'git clone https://user:tok%40en@host:8080/a.git and ssh://git@host:22/x';
  t.is(redactor.redact(text), 'git clone https://user:********@host:8080/a.git and ssh://git@host:22/x');
  t.is(redactor.redact('http://host:80/path user@mail'), 'http://host:80/path user@mail');
});

test('every line of a long secret counts, short and empty ones do not', (t) => {
  const redactor = new Redactor(['-----BEGIN KEY-----\nabcdefgh\nxy\n', undefined, '']);
  t.is(redactor.redact('abcdefgh xy'), '******** xy');
});

test('of two secrets the longer is removed as a whole', (t) => {
  t.is(new Redactor(['token', 'token-long']).redact('a token-long b token'), 'a ******** b ********');
});

const TAILS: readonly [text: string, held: number][] = [
  ['nothing', 0],
  ['a secr', 4],
  ['a secret-thing', 0],
  ['see https://user:pass', 'https://user:pass'.length - 'https'.length],
  ['see https://host/path', 0],
  ['see https:', 1],
  ['Name? ', 0],
];

for (const [text, held] of TAILS) {
  test(`held back of "${text}"`, (t) => t.is(new Redactor(['secret-thing']).unfinished(text), held));
}

test('a megabyte of hostile text is quick', (t) => {
  const redactor = new Redactor(['secret-thing', SECRET]);
  const started = performance.now();
  for (const part of ['a', '://', ':', 'a:', '://a:', '@', 'secret']) {
    const text = part.repeat(1_000_000 / part.length);
    redactor.redact(text);
    redactor.unfinished(text);
  }
  t.true(performance.now() - started < 5000);
});
