import test from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { troubleshootingLine } from '../../support/troubleshooting.js';

interface BadTask {
  row: string;
  script: Record<string, unknown>;
  reason: string;
  values?: Record<string, string>;
}

const NO_COMMIT = '0123456789'.repeat(4);
const CASES: BadTask[] = [
  {
    row: 'repository-gone',
    script: { repository: 'file:///nonexistent/code.git' },
    reason: 'failed cloning repository',
    values: { address: 'file:///nonexistent/code.git' },
  },
  {
    row: 'commit-not-found',
    script: { version_num: NO_COMMIT },
    reason: 'failed cloning repository',
    values: { commit: NO_COMMIT },
  },
  {
    row: 'diff-against-another-commit',
    script: {
      diff: 'diff --git a/main.py b/main.py\n--- a/main.py\n+++ b/main.py\n@@ -1 +1 @@\n-nothing like it\n+else\n',
    },
    reason: 'failed applying uncommitted changes',
    values: { file: 'main.py', hunk: '@@ -1 +1 @@' },
  },
  {
    row: 'entry-point-missing',
    script: { entry_point: 'absent.py' },
    reason: 'entry point not found',
    values: { file: 'absent.py' },
  },
  {
    row: 'working-folder-missing',
    script: { working_dir: 'absent' },
    reason: 'failed preparing the task',
    values: { folder: 'absent' },
  },
  { row: 'nothing-to-run', script: { entry_point: '' }, reason: 'entry point not found' },
  {
    row: 'requirement-unreadable',
    script: { requirements: { pip: './no-such-package\n' } },
    reason: 'failed installing requirements',
  },
  {
    row: 'another-exit-status',
    script: { entry_point: 'three.py' },
    reason: 'worker execution exit code 3',
    values: { code: '3' },
  },
  {
    row: 'killed-by-a-signal',
    script: { entry_point: 'segfault.py' },
    reason: 'worker execution exit code -11 (SIGSEGV)',
    values: { number: '11', signal: 'SIGSEGV' },
  },
];
const FILES = {
  'main.py': 'print("fine")\n',
  'three.py': 'raise SystemExit(3)\n',
  'segfault.py': 'import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n',
};

test('each task that cannot run says why in one line, and the daemon goes on', async (t) => {
  t.timeout(170_000);
  const { daemon, enqueue, ended, log, repository } = await agentUnderTest(t);
  const url = repository(FILES);
  const good = { repository: url, branch: 'main', entry_point: 'main.py' };
  const running = daemon();
  const tasks = [];
  for (const { script } of CASES) tasks.push(await enqueue({ ...good, ...script }));
  for (const [at, { row, reason, values }] of CASES.entries()) {
    const id = tasks[at] ?? '';
    const task = await ended(id);
    const text = await log(id);
    t.deepEqual([task.status, task.status_reason], ['failed', reason], `${row}\n${text}`);
    const causes = text.split('\n').flatMap((line) => /^Process failed.*/.exec(line) ?? []);
    t.is(causes.length, 1, text);
    t.regex(causes[0]?.replace(/^Process failed: /, '') ?? '', troubleshootingLine(row, values));
    t.notRegex(text, /^\s+at .*\.js:\d+/m, `${row}: no stack trace`);
  }
  const wordsOfGit = /^Process failed: cannot clone .*\n {2}fatal: .*\n(?: {2}.*\n)* {2}Check the address/m;
  t.regex(await log(tasks[0] ?? ''), wordsOfGit);
  const last = await enqueue(good);
  t.is((await ended(last)).status, 'completed', running.output());
  t.regex((await log(last)).trimEnd().split('\n').at(-1) ?? '', troubleshootingLine('exit-status-0'));
});

test('output of any form arrives: garbage, nothing, and a long text without a line end', async (t) => {
  t.timeout(170_000);
  const { daemon, enqueue, ended, log, repository } = await agentUnderTest(t);
  const url = repository({
    'garbage.py':
      'import os, sys\nsys.stdout.buffer.write(bytes(range(256)) * 40)\nprint("\\nend of garbage")\n',
    'nothing.py': '',
    'endless.py': 'import sys\nfor _ in range(300): sys.stdout.write("x" * 100000)\nsys.stdout.flush()\n',
  });
  daemon();
  const run = async (entryPoint: string) => {
    const id = await enqueue({ repository: url, branch: 'main', entry_point: entryPoint });
    t.is((await ended(id)).status, 'completed', entryPoint);
    return log(id);
  };
  t.true((await run('garbage.py')).includes('end of garbage'));
  t.true((await run('nothing.py')).includes('Process completed successfully'));
  const text = await run('endless.py');
  const begin = text.indexOf('x'.repeat(1000));
  const end = text.lastIndexOf('x'.repeat(1000)) + 1000;
  t.is(text.slice(begin, end).replaceAll('\n', '').length, 300 * 100_000);
});
