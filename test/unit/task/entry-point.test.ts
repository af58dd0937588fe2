import test from 'ava';
import { checkEntryPoint, commandArguments, planCommand } from '../../../src/task/code/command.js';
import { executionInfo } from '../../../src/task/code/entry-point.js';
import { planLiteralScript } from '../../../src/task/code/literal-script.js';
import { notebookScript } from '../../../src/task/code/notebook.js';
import { shellCandidates } from '../../../src/task/code/script-binary.js';
import { addTaskInit, moveFutureImports, TASK_INIT_LINES } from '../../../src/task/code/task-init.js';

const surroundings = { env: { N: '3', HOME: '/h' }, home: '/h' };

const ENTRIES: [note: string, entry: string, dir: string, expected: [string, string]][] = [
  ['addresses in arguments stay', 'train.py --url http://x//y', '.', ['train.py --url http://x//y', '.']],
  ['an address is no folder', 'train.py --url http://x:80', '', ['train.py --url http://x:80', '']],
  ['dots in arguments stay', 'a/../b.py --p a/../c', '.', ['b.py --p a/../c', '.']],
  ['variables are expanded in names', '$HOME/x.py --n ${N}', 'd/$N', ['/h/x.py --n ${N}', 'd/3']],
  ['quoted names stay', '"my file.py" --x', '', ['"my file.py" --x', '']],
  ['folder after the name', 'train.py:src/', '', ['train.py', 'src']],
  ['a drive is no folder', 'C:\\work\\train.py', '', ['C:\\work\\train.py', '']],
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
    checkEntryPoint(planCommand({ kind, entryPoint, exists }), exists, 'https://h/r');
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

const THERE = new Set(['my script.py', 'my', 'src/main.py', 'a b/c d.sh', 'train.py']);
const COMMANDS: [entry: string, expected: string[]][] = [
  ['my script.py --lr 0.1', ['my script.py', '--lr', '0.1']],
  ['my\\ script.py --lr 0.1', ['my script.py', '--lr', '0.1']],
  ['"my script.py" --lr "0 1"', ['my script.py', '--lr', '0 1']],
  ['my other.py', ['my', 'other.py']],
  ['src\\main.py --path C:\\\\x', ['src/main.py', '--path', 'C:\\x']],
  ['a b\\c d.sh  x', ['a b/c d.sh', 'x']],
  ['gone script.py --lr 0.1', ['gone script.py', '--lr', '0.1']],
  ['gone\\main.py', ['gone\\main.py']],
  ['train.py --id $CLEARML_TASK_ID --x ${X} $NONE', ['train.py', '--id', 'T1', '--x', 'a b', '$NONE']],
  ["train.py --id '$CLEARML_TASK_ID'/out", ['train.py', '--id', 'T1/out']],
  ['-m mod --id=$CLEARML_TASK_ID ${X}', ['-m', 'mod', '--id=T1', 'a b']],
  ['torchrun --nproc 2 train.py', ['-m', 'torch.distributed.run', '--nproc', '2', 'train.py']],
  ['accelerate launch train.py', ['-m', 'accelerate.commands.launch', 'train.py']],
];

for (const [entryPoint, expected] of COMMANDS) {
  test(`command of ${entryPoint}`, (t) => {
    const plan = planCommand({ kind: 'python', entryPoint, exists: (file) => THERE.has(file) });
    t.deepEqual(commandArguments(plan, { CLEARML_TASK_ID: 'T1', X: 'a b' }), expected);
  });
}

const OPEN_QUOTES: [kind: 'python' | 'shell', entry: string][] = [
  ['python', '"train.py'],
  ['python', "'train.py --x"],
  ['python', 'train.py --name "a b'],
  ['python', "train.py --name it's"],
  ['python', 'train.py --name a\\'],
  ['python', "gone.py --name 'x"],
  ['python', '-m mod "x'],
  ['python', 'torchrun --nproc 2 train.py "x'],
  ['shell', "a b/c d.sh 'x"],
];

for (const [kind, entryPoint] of OPEN_QUOTES) {
  test(`a quote that is never closed is an error: ${kind} ${entryPoint}`, (t) => {
    t.throws(() => planCommand({ kind, entryPoint, exists: (file) => THERE.has(file) }), {
      code: 'TASK_INVALID',
      message: /^script\.entry_point of the task: a quote or a backslash is left open in: /,
    });
    const info = executionInfo({ entry_point: entryPoint, working_dir: '.' }, surroundings);
    t.throws(() => planLiteralScript(info, { text: 'x\n', kind, root: '/w' }), { code: 'TASK_INVALID' });
  });
}

test('quotes that are letters of a name are no open quotes', (t) => {
  const plan = (entryPoint: string, kind: 'python' | 'shell' = 'python'): string[] =>
    planCommand({ kind, entryPoint, exists: (file) => file === "it's.py" }).arguments;
  t.deepEqual(plan("it's.py --x 1"), ["it's.py", '--x', '1']);
  t.deepEqual(plan("train.py it\\'s"), ['train.py', "it's"]);
  t.deepEqual(plan("-c echo it's", 'shell'), ['-c', "echo it's"]);
});

const INLINE: [entry: string, code: string][] = [
  ["-c 'echo hi; pwd'", 'echo hi; pwd'],
  ['-c "echo \\"a  b\\" $HOME"', 'echo "a  b" $HOME'],
  ['-c   echo   "a   b"', 'echo   "a   b"'],
  ['-c "my prog" --x', '"my prog" --x'],
  ["-c 'echo hi", "'echo hi"],
  ["-c ''", ''],
];

for (const [entryPoint, code] of INLINE) {
  test(`a shell runs the code of ${entryPoint}`, (t) => {
    const plan = planCommand({ kind: 'shell', entryPoint, exists: () => false });
    t.deepEqual(commandArguments(plan, { HOME: '/h' }), ['-c', code]);
  });
}

const LITERALS: [entry: string, file: string, entryPoint: string][] = [
  ['my script.py --lr 0.1', 'my script.py', "'my script.py' --lr 0.1"],
  ['src\\train.py', 'train.py', 'train.py'],
  ['C:\\work\\train.py --x', 'train.py', 'train.py --x'],
  ['nb.ipynb', 'nb.py', 'nb.py'],
  ['../train.py', 'train.py', 'train.py'],
  ['../nb.ipynb', 'nb.py', 'nb.py'],
  ['-m torch.distributed.run --nproc 2 train.py', 'train.py', '-m torch.distributed.run --nproc 2 train.py'],
  ['-m cProfile -s time sub/train.py', 'sub/train.py', '-m cProfile -s time sub/train.py'],
  ['-m torch.distributed.run /home/me/train.py', 'train.py', '-m torch.distributed.run train.py'],
  ['torchrun ..\\train.py', 'train.py', '-m torch.distributed.run train.py'],
  ['torchrun sub\\train.py', 'sub/train.py', '-m torch.distributed.run sub/train.py'],
  ['accelerate launch train.py --x', 'train.py', '-m accelerate.commands.launch train.py --x'],
  ['-m mod', 'untitled.py', '-m mod'],
];

for (const [entry_point, file, entryPoint] of LITERALS) {
  test(`a script of the task itself, run as ${entry_point}`, (t) => {
    const info = executionInfo({ entry_point, working_dir: '.' }, surroundings);
    const plan = planLiteralScript(info, { text: 'print(1)\n', kind: 'python', root: '/w' });
    t.deepEqual([plan.file, plan.entryPoint], [file, entryPoint]);
  });
}

for (const entry_point of ['../../etc/passwd', 'a/../../run', '../run --x']) {
  test(`a script of the task itself cannot have a path that leads out: ${entry_point}`, (t) => {
    const info = {
      ...executionInfo({ entry_point, working_dir: '.' }, surroundings),
      entryPoint: entry_point,
    };
    t.throws(() => planLiteralScript(info, { text: 'x\n', kind: 'python', root: '/w' }), {
      code: 'TASK_INVALID',
      message: /^the entry point \S+ of the task is outside of \/w: /,
    });
  });
}

test('an inline command reaches the shell as it was written', (t) => {
  const plan = planCommand({
    kind: 'shell',
    entryPoint: '-c  echo "a   b $N" | wc',
    exists: () => false,
  });
  t.deepEqual(commandArguments(plan, { N: '1' }), ['-c', 'echo "a   b $N" | wc']);
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

test('the shell is the one that the task names', (t) => {
  t.is(shellCandidates('/bin/bash', { SHELL: '/bin/zsh' })[0], '/bin/bash');
  t.is(shellCandidates('sh', { SHELL: '/usr/local/bin/sh' })[0], '/usr/local/bin/sh');
  t.true(shellCandidates('/none/zsh', {}).includes('/bin/sh'));
});

test('encodings stay what they are', (t) => {
  const latin = '# -*- coding: latin-1 -*-\nx = "\xe9"\n';
  t.is(addTaskInit(latin, 'a.py'), `# -*- coding: latin-1 -*-\n${TASK_INIT_LINES}x = "\xe9"\n`);
  for (const mark of ['\ufeff', '\xef\xbb\xbf']) {
    t.is(addTaskInit(`${mark}'doc'\nx\n`, 'a.py'), `${mark}'doc'\n${TASK_INIT_LINES}x\n`);
    t.is(
      moveFutureImports(`${TASK_INIT_LINES}${mark}# coding: x\ny\n`),
      `${mark}# coding: x\n${TASK_INIT_LINES}y\n`,
    );
  }
  t.is(
    addTaskInit('\t# vim: set fileencoding=cp1252 :\nx\n', 'a.py'),
    `\t# vim: set fileencoding=cp1252 :\n${TASK_INIT_LINES}x\n`,
  );
  const written =
    'try: from allegroai import Task\nexcept ImportError: from clearml import Task\n(__name__ != "__main__") or Task.init()\n';
  t.is(
    moveFutureImports(`${written}#!/usr/bin/python\n${latin}`),
    `#!/usr/bin/python\n# -*- coding: latin-1 -*-\n${written}x = "\xe9"\n`,
  );
});

test('a notebook gets the namespace of IPython when it needs it', (t) => {
  const converted = '#!/usr/bin/env python\n# coding: utf-8\n\n# In[1]:\n\n\n';
  const script = notebookScript(`${converted}get_ipython().system('ls')\n`);
  t.regex(script, /^#!\/usr\/bin\/env python\n# coding: utf-8\ndef _notebook_shell\(\):/);
  t.regex(
    notebookScript('from __future__ import annotations\ndisplay(1)\n'),
    /^from __future__ .*\ndef _note/,
  );
  t.is(notebookScript(`${converted}x = 1\n`), `${converted}x = 1\n`);
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
