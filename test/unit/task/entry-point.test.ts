import test from 'ava';
import { checkEntryPoint, planCommand } from '../../../src/task/code/command.js';
import { executionInfo } from '../../../src/task/code/entry-point.js';
import { isLiteralScript, planLiteralScript } from '../../../src/task/code/literal-script.js';
import { shellCandidates } from '../../../src/task/code/script-binary.js';
import { addTaskInit, moveFutureImports, TASK_INIT_LINES } from '../../../src/task/code/task-init.js';

const surroundings = { env: { N: '3', HOME: '/h' }, home: '/h' };

const ENTRIES: [note: string, entry: string, dir: string, expected: [string, string]][] = [
  ['addresses in arguments stay', 'train.py --url http://x//y', '.', ['train.py --url http://x//y', '.']],
  ['an address is no folder', 'train.py --url http://x:80', '', ['train.py --url http://x:80', '']],
  ['dots in arguments stay', 'a/../b.py --p a/../c', '.', ['b.py --p a/../c', '.']],
  ['variables are expanded', '$HOME/x.py --n ${N} $NONE', 'd/$N', ['/h/x.py --n 3 $NONE', 'd/3']],
  ['quoted names stay', '"my file.py" --x', '', ['"my file.py" --x', '']],
  ['folder after the name', 'train.py:src/', '', ['train.py', 'src']],
  ['modules have no folder', '-m a:b', '', ['-m a:b', '']],
];

for (const [note, entry_point, working_dir, [entryPoint, workingDir]] of ENTRIES) {
  test(`entry point: ${note}`, (t) => {
    const info = executionInfo({ entry_point, working_dir }, surroundings);
    t.deepEqual([info.entryPoint, info.workingDir], [entryPoint, workingDir]);
  });
}

test('a task without a script is refused', (t) => {
  t.throws(() => executionInfo(null, surroundings), { code: 'TASK_INVALID' });
});

test('an entry point that is not there is named', (t) => {
  const exists = (file: string): boolean => file === 'there.py';
  const check = (entryPoint: string, kind: 'python' | 'shell' = 'python'): void =>
    checkEntryPoint(planCommand({ kind, entryPoint, env: {}, exists }), exists, 'https://h/r');
  t.notThrows(() => check('there.py --x'));
  t.notThrows(() => check('/abs/x.py'));
  t.notThrows(() => check('-m mod'));
  t.notThrows(() => check('-c exit 3', 'shell'));
  t.throws(() => check('gone.py --x'), {
    code: 'ENTRY_POINT_MISSING',
    message: 'the entry point gone.py of the task does not exist in https://h/r',
  });
  t.throws(() => check('gone.ipynb'), { code: 'ENTRY_POINT_MISSING', message: /gone\.ipynb/ });
  t.throws(() => check(''), { code: 'ENTRY_POINT_MISSING', message: /no entry point/ });
});

test('an inline command reaches the shell as it was written', (t) => {
  const plan = planCommand({
    kind: 'shell',
    entryPoint: '-c  echo "a   b" | wc',
    env: {},
    exists: () => false,
  });
  t.deepEqual(plan.arguments, ['-c', 'echo "a   b" | wc']);
});

test('a script in the place of the diff overwrites what the checkout has', (t) => {
  const info = executionInfo(
    { entry_point: 'old/train.py --x', working_dir: 'src', repository: 'r' },
    surroundings,
  );
  const plan = planLiteralScript(info, { text: 'print(1)\n', kind: 'python', root: '/w' });
  t.deepEqual([plan.folder, plan.file, plan.entryPoint], ['src', 'train.py', 'train.py --x']);
  const unnamed = planLiteralScript({ ...info, entryPoint: '' }, { text: '', kind: 'shell', root: '/w' });
  t.deepEqual([unnamed.file, unnamed.entryPoint], ['untitled.sh', '/w/src/untitled.sh']);
});

test('diffs of submodules are no scripts', (t) => {
  t.false(isLiteralScript('Submodule lib 1..2:\n  > a commit\ndiff --git a/x b/x\n'));
  t.false(
    isLiteralScript('Submodule lib contains modified content\nSubmodule lib 1..2:\ndiff --git a/x b/x\n'),
  );
  t.true(isLiteralScript('submodule = 1\nprint(submodule)\n'));
});

test('the shell is the one that the task names', (t) => {
  t.is(shellCandidates('/bin/bash', { SHELL: '/bin/zsh' })[0], '/bin/bash');
  t.is(shellCandidates('sh', { SHELL: '/usr/local/bin/sh' })[0], '/usr/local/bin/sh');
  t.true(shellCandidates('/none/zsh', {}).includes('/bin/sh'));
});

test('tracking is started after what has to stand first', (t) => {
  t.is(
    addTaskInit('#!/usr/bin/python\n# -*- coding: latin-1 -*-\nx\n', 'a.py'),
    `#!/usr/bin/python\n# -*- coding: latin-1 -*-\n${TASK_INIT_LINES}x\n`,
  );
  t.is(addTaskInit('"""Doc\nmore\n"""\nx\n', 'a.py'), `"""Doc\nmore\n"""\n${TASK_INIT_LINES}x\n`);
  t.is(
    addTaskInit("'doc'\nfrom __future__ import annotations", 'a.py'),
    `'doc'\nfrom __future__ import annotations\n${TASK_INIT_LINES}`,
  );
  t.is(
    moveFutureImports("from clearml import Task\nTask.init()\n'doc'\nfrom __future__ import x\n"),
    "'doc'\nfrom __future__ import x\nfrom clearml import Task\nTask.init()\n",
  );
});
