import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'ava';
import { prepareWords } from '../../../src/cli/argv.js';
import type { Command } from '../../../src/cli/command.js';
import { AgentError } from '../../../src/errors.js';

const daemon: Command = {
  name: 'daemon',
  summary: '',
  flags: [
    { flags: '--queue <names...>', help: '' },
    { flags: '--queue-limit <limits...>', help: '' },
    { flags: '--gpus <list>', help: '' },
    { flags: '--foreground', help: '' },
    { flags: '--force-current-version', help: '' },
    { flags: '-d, --detached', help: '' },
    { flags: '--docker [words...]', help: '', greedy: true },
  ],
  run: async () => 0,
};

const cases: [string, string[], string[]][] = [
  ['words without a command', ['--version'], ['--version']],
  [
    'plain words',
    ['daemon', '--queue', 'a', 'b', '--gpus', '0'],
    ['daemon', '--queue', 'a', 'b', '--gpus', '0'],
  ],
  [
    'a repeated flag: the last one counts',
    ['daemon', '--queue', 'a', '--queue', 'b'],
    ['daemon', '--queue', 'b'],
  ],
  ['a unique prefix', ['daemon', '--que', 'a', '--foregr'], ['daemon', '--queue', 'a', '--foreground']],
  [
    'a prefix of a flag and of a longer one that begins with it',
    ['daemon', '--qu', 'a', '--queue-l', 'a=1'],
    ['daemon', '--queue', 'a', '--queue-limit', 'a=1'],
  ],
  ['global flags before the command', ['--debug', 'daemon', '-d'], ['--debug', 'daemon', '--detached']],
  ['a value behind an equals sign', ['daemon', '--gpus=0,1'], ['daemon', '--gpus=0,1']],
  [
    'container arguments as one word',
    ['daemon', '--docker', 'img', '-v /a:/b -e X=1', '--gpus', '0'],
    ['daemon', '--docker=["img","-v /a:/b -e X=1"]', '--gpus', '0'],
  ],
  [
    'container arguments as words of their own',
    ['daemon', '--docker', 'img', '-v', '/a:/b', '--ipc=host', '--queue', 'q'],
    ['daemon', '--docker=["img","-v","/a:/b","--ipc=host"]', '--queue', 'q'],
  ],
  ['an unknown flag is left for the parser to refuse', ['daemon', '--nothing'], ['daemon', '--nothing']],
];

for (const [title, words, expected] of cases) {
  test(title, (t) => {
    t.deepEqual(prepareWords(words, [daemon]), expected);
  });
}

test('a prefix of several flags is refused with their names', (t) => {
  const error = t.throws(() => prepareWords(['daemon', '--for'], [daemon]), {
    instanceOf: AgentError,
  }) as AgentError;
  t.is(error.code, 'USAGE');
  t.regex(error.message, /--foreground|--force-current-version/);
});

test('words come from a file, one a line', (t) => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'argv-')), 'words');
  writeFileSync(file, 'daemon\n--queue\nmy queue\n');
  t.deepEqual(prepareWords([`@${file}`], [daemon]), ['daemon', '--queue', 'my queue']);
});

test('a file of words that is not there is named', (t) => {
  t.throws(() => prepareWords(['@/nonexistent/words'], [daemon]), { message: /\/nonexistent\/words/ });
});
