import test from 'ava';
import { sanitizeCommand } from '../../../../src/container/arguments/sanitize-command.js';
import { splitShellText } from '../../../../src/container/arguments/shell-text.js';

const SPELLINGS: readonly string[][] = [
  ['-e', 'ONE=topsecret'],
  ['--env', 'ONE=topsecret'],
  ['-eONE=topsecret'],
  ['--env=ONE=topsecret'],
  ['-e ONE=topsecret'],
  ['--env ONE=topsecret'],
  ['--envv=ONE=topsecret'],
  ['-it', '-e', 'ONE=topsecret with blanks'],
];

for (const words of SPELLINGS) {
  test(`hidden in ${words.join(' | ')}`, (t) => {
    const shown = sanitizeCommand(words, { enabled: true, extraNames: ['ONE'], urls: false }).join(' ');
    t.notRegex(shown, /topsecret/);
    t.regex(shown, /ONE=\*+/);
  });
}

test('the error of an open quote does not show the values', (t) => {
  const error = t.throws(() =>
    splitShellText(`-e ONE=topsecret --label "a=hidden too`, 'arguments of the task'),
  );
  t.notRegex(error?.message ?? '', /topsecret|hidden/);
  t.regex(error?.message ?? '', /^arguments of the task: a quote is never closed in: -e ONE=… --label/);
});
