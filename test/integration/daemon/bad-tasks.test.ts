import test from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';

interface BadTask {
  title: string;
  script: Record<string, unknown>;
  reason: string;
  /** In the task's log. */
  cause: RegExp;
}

const CASES: BadTask[] = [
  {
    title: 'a repository that is not there',
    script: { repository: 'file:///nonexistent/code.git' },
    reason: 'failed cloning repository',
    cause: /Process failed: cannot clone file:\/\/\/nonexistent\/code\.git: there is no such repository/,
  },
  {
    title: 'a commit that is not there',
    script: { version_num: '0123456789012345678901234567890123456789' },
    reason: 'failed cloning repository',
    cause: /Process failed: .*0123456789/,
  },
  {
    title: 'changes that do not apply',
    script: {
      diff: 'diff --git a/main.py b/main.py\n--- a/main.py\n+++ b/main.py\n@@ -1 +1 @@\n-nothing like it\n+else\n',
    },
    reason: 'failed applying uncommitted changes',
    cause: /Process failed: .*main\.py/,
  },
  {
    title: 'an entry point that is not there',
    script: { entry_point: 'absent.py' },
    reason: 'entry point not found',
    cause: /Process failed: the entry point absent\.py of the task does not exist/,
  },
  {
    title: 'a package that is not there',
    script: { requirements: { pip: './no-such-package\n' } },
    reason: 'failed installing requirements',
    cause: /Process failed: .*no-such-package/,
  },
];

test('each task that cannot run says why in one line, and the daemon goes on', async (t) => {
  t.timeout(170_000);
  const { daemon, enqueue, ended, log, repository } = await agentUnderTest(t);
  const url = repository({ 'main.py': 'print("fine")\n' });
  const good = { repository: url, branch: 'main', entry_point: 'main.py' };
  const running = daemon();
  for (const { title, script, reason, cause } of CASES) {
    const id = await enqueue({ ...good, ...script });
    const task = await ended(id);
    t.deepEqual([task.status, task.status_reason], ['failed', reason], `${title}\n${await log(id)}`);
    t.regex(await log(id), cause, title);
    t.false(/^\s+at .*\.js:\d+/m.test(await log(id)), `${title}: no stack trace`);
  }
  t.is((await ended(await enqueue(good))).status, 'completed', running.output());
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
