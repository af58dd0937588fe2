import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { startGitHttpServer } from '../../support/git-http-server.js';
import { GitRepository } from '../../support/git-repository.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
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
    row: 'another-exit-status',
    script: { entry_point: 'interrupted.py' },
    reason: 'worker execution exit code 130',
    values: { code: '130' },
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
  'interrupted.py': 'raise SystemExit(130)\n',
  'segfault.py': 'import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n',
};

test('each task that cannot run says why in one line, and the daemon continues', async (t) => {
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

test('a log line reports a wrong password without the password, and the right one works after', async (t) => {
  t.timeout(120_000);
  const { daemon, enqueue, ended, log, home } = await agentUnderTest(t);
  const served = temporaryFolder(t);
  const source = new GitRepository(path.join(served, 'repo'));
  source.commit({ 'main.py': 'print("fine")\n' });
  const server = await startGitHttpServer(served, { bot: 'the-right-one' });
  t.teardown(server.close);
  const address = `${server.url}/repo`;
  const conf = path.join(home.folder, 'clearml.conf');
  const login = (password: string) =>
    `\nagent { reload_config: true, git_user: bot, git_pass: ${password} }\n`;
  appendFileSync(conf, login('the-wrong-one'));
  const running = daemon();
  const script = { repository: address, branch: 'main', entry_point: 'main.py' };
  const refused = await enqueue(script);
  t.is((await ended(refused)).status_reason, 'failed cloning repository', running.output());
  const text = await log(refused);
  const cause = /^Process failed: (.*)$/m.exec(text)?.[1] ?? '';
  t.regex(cause, troubleshootingLine('wrong-password', { address, host: '127.0.0.1' }));
  t.is(text.match(/Authentication failed/g)?.length, 1, text);
  appendFileSync(conf, login('the-right-one'));
  const taken = await enqueue(script);
  t.is((await ended(taken)).status, 'completed', await log(taken));
  running.kill('SIGTERM');
  await running.exited;
  const kept = readdirSync(path.join(home.folder, '.clearml'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'latin1'));
  for (const password of ['the-wrong-one', 'the-right-one'])
    for (const shown of [running.output(), text, await log(taken), ...kept])
      t.false(shown.includes(password));
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
