import test from 'ava';
import { visibleLine, visibleLines } from '../../../src/logs/visible-text.js';

const CASES: readonly [text: string, line: string][] = [
  ['plain Übung ☃ 日本', 'plain Übung ☃ 日本'],
  ['a\u001b[2J\u001b]0;title\u0007', 'a\\x1b[2J\\x1b]0;title\\x07'],
  ['a\r\nb\tc', 'a\\r\\nb\\tc'],
  ['\u009b31m', '\\x9b31m'],
  ['x\u202egnp.exe', 'x\\u202egnp.exe'],
  ['one\u2028two\u0000', 'one\\u2028two\\x00'],
];

for (const [text, line] of CASES) {
  test(`as one line: ${line}`, (t) => t.is(visibleLine(text), line));
}

test('a message keeps its lines, and no line of it looks like one of its own', (t) => {
  t.is(visibleLines('cause\n  detail\nforged\r\n\u001b[1A'), 'cause\n  detail\n  forged\n  \\x1b[1A');
});
