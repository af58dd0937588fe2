import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { parseHocon } from '../../../../src/config/hocon/parse-hocon.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

function parse(text: string, env: Record<string, string> = {}): unknown {
  return parseHocon(text, { file: '/etc/clearml.conf', env }).root;
}

function failure(text: string): string {
  try {
    parse(text);
  } catch (error) {
    return `${(error as { code?: string }).code} ${(error as Error).message}`;
  }
  return 'it parsed';
}

const REFUSED: readonly [text: string, message: string][] = [
  ['a: x+y', "1:5: expected a comma or a new line, found '+'"],
  ['a {\n  b: 1\n', "3:1: expected '}', found the end of the text"],
  ['a: [1, 2}', "1:9: expected a comma, a new line or ']', found '}'"],
  ['a: 1\n  b c\n', "2:6: expected ':', '=', '+=' or '{' after the key, found the end of the line"],
  ['a: "abc\n', '1:4: expected the closing " of this text on its line, found \'"\''],
  ['a: """abc', '1:4: expected the closing """ of this text, found \'"\''],
  ['a: ${b', "1:4: expected a value (a substitution is written ${key}), found '$'"],
  ['a: 1\n}', "2:1: expected a key, found '}'"],
  ['a: x [1]', '1:4: expected one value, or parts of the same kind, found a text followed by a list'],
  ['a: ${nope}', '1:4: expected a value for ${nope}, found no such key and no such environment variable'],
];

for (const [text, message] of REFUSED) {
  test(`${JSON.stringify(text)} is refused with its place`, (t) => {
    t.is(failure(text), `CONFIG_SYNTAX /etc/clearml.conf:${message}`);
  });
}

test('a key without a value is empty when the next line begins another key', (t) => {
  t.deepEqual(parse('a:\nb: 2\nc =\nd { e: 1 }\nf:\n'), { a: '', b: 2, c: '', d: { e: 1 }, f: '' });
});

test('a field may follow an object on its line', (t) => {
  t.deepEqual(parse('a { b { c: "10" } d: 2 }  e { } f: 3'), { a: { b: { c: '10' }, d: 2 }, e: {}, f: 3 });
});

test('a value may begin on the next line', (t) => {
  t.deepEqual(parse('a:\n  https://host:8008\nb =\n  # why\n  [1]\n'), { a: 'https://host:8008', b: [1] });
});

test('digits that a number cannot hold exactly stay a text', (t) => {
  t.deepEqual(parse('id: 12345678901234567890\nbig: 1e400\nfine: 1e3'), {
    id: '12345678901234567890',
    big: '1e400',
    fine: 1000,
  });
});

test('escapes of JSON are read, other backslashes stay', (t) => {
  t.deepEqual(parse(String.raw`a: "\u0041\/\n", b: "C:\dir\bin"`), { a: 'A/\n', b: String.raw`C:\dir\bin` });
});

test('a value that is replaced later is never resolved', (t) => {
  t.deepEqual(parse('a: ${nope}\na: 1'), { a: 1 });
});

test('the environment answers after the document', (t) => {
  t.deepEqual(parse('home: x\na: ${home}\nb: ${HOME}', { home: 'y', HOME: '/h' }), {
    home: 'x',
    a: 'x',
    b: '/h',
  });
});

test('keys never reach the prototype', (t) => {
  const root = parse('"__proto__" { polluted: 1 }') as Record<string, unknown>;
  t.true(Object.hasOwn(root, '__proto__'));
  t.is(({} as { polluted?: number }).polluted, undefined);
});

test('each key has the line of its last assignment and a number its written form', (t) => {
  const { positions } = parseHocon('a: 1\nb {\n  c: 3.10\n}\na: 2\nl: [\n{ a: 1 }]', { file: 'f', env: {} });
  t.deepEqual(Object.fromEntries(positions), {
    a: { file: 'f', line: 5 },
    b: { file: 'f', line: 2 },
    'b.c': { file: 'f', line: 3, written: '3.10' },
    l: { file: 'f', line: 6 },
    'l.0.a': { file: 'f', line: 7 },
  });
});

test('includes are relative to their file, in both places that they can refer to', (t) => {
  const folder = temporaryFolder(t);
  fs.mkdirSync(path.join(folder, 'sub'));
  fs.writeFileSync(path.join(folder, 'sub', 'one.conf'), 'include "two.conf"\nx: 1\ny: ${x}\nz: ${top}');
  fs.writeFileSync(path.join(folder, 'sub', 'two.conf'), 'two: 2');
  const text = 'top: t\no { include "sub/one.conf" }';
  const { root, positions } = parseHocon(text, { file: path.join(folder, 'main.conf'), env: {} });
  t.deepEqual(root, { top: 't', o: { two: 2, x: 1, y: 1, z: 't' } });
  t.deepEqual(positions.get('o.two'), { file: path.join(folder, 'sub', 'two.conf'), line: 1 });
});

test('a missing include is a warning, unless it is required', (t) => {
  const file = path.join(temporaryFolder(t), 'main.conf');
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  t.deepEqual(parseHocon('include "nope.conf"\na: 1', { file, env: {}, warn }).root, { a: 1 });
  t.deepEqual(warnings, [`${file}:1: the included file "nope.conf" does not exist`]);
  t.throws(() => parseHocon('include required(file("nope.conf"))', { file, env: {} }), {
    code: 'CONFIG_SYNTAX',
    message: new RegExp(`^${file}:1:1: expected a readable file to include, found ENOENT`),
  });
});

test('files that include each other are refused', (t) => {
  const file = path.join(temporaryFolder(t), 'loop.conf');
  fs.writeFileSync(file, 'include "loop.conf"');
  t.throws(() => parseHocon('include "loop.conf"', { file, env: {} }), { message: /found a circle of them/ });
});

test('an include by address is refused', (t) => {
  t.regex(failure('include url("http://host/x.conf")'), /1:1: expected a file to include, found the address/);
});
