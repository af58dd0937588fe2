import test from 'ava';
import {
  visibleJson,
  visibleLine,
  visibleLines,
  visibleName,
  visibleText,
} from '../../../src/logs/visible-text.js';

const CASES: readonly [text: string, line: string][] = [
  ['plain Übung ☃ 日本', 'plain Übung ☃ 日本'],
  ['a\u001b[2J\u001b]0;title\u0007', 'a\\x1b[2J\\x1b]0;title\\x07'],
  ['a\r\nb\tc', 'a\\r\\nb\\tc'],
  ['\u009b31m', '\\x9b31m'],
  ['x\u202egnp.exe', 'x\\u202egnp.exe'],
  ['a\u061cb', 'a\\u061cb'],
  ['one\u2028two\u0000', 'one\\u2028two\\x00'],
];

for (const [text, line] of CASES) {
  test(`as one line: ${line}`, (t) => t.is(visibleLine(text), line));
}

test('a message keeps its lines, and no line of it looks like one of its own', (t) => {
  t.is(visibleLines('cause\n  detail\nforged\r\n\u001b[1A'), 'cause\n  detail\n  forged\n  \\x1b[1A');
});

test('a text keeps its lines and tabs and where they begin', (t) => {
  t.is(visibleText('a\tb\r\nc\n\n d\re\u001b[1m'), 'a\tb\nc\n\n d\\re\\x1b[1m');
});

test('a name is cut, and what is left of it is visible', (t) => {
  t.is(visibleName('a\u0007bc', 4), 'a\\x07bc');
  t.is(visibleName('a\u0007bcd', 4), 'a\\x07bc…');
  t.is(visibleName('x'.repeat(1_000_000)).length, 201);
});

test('JSON of one line', (t) => {
  t.is(visibleJson({ a: ['b\u009b'] }, 0), '{"a":["b\\u009b"]}');
});

test('JSON shows no control or direction mark raw and reads back the same', (t) => {
  const value = { name: 'a\u001b[2J\u009b31m\u007f\u202eb\u061c\u2028c\nd' };
  const text = visibleJson(value);
  t.notRegex(text, /[^\P{Cc}\n]|[\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
  t.deepEqual(JSON.parse(text), value);
});
