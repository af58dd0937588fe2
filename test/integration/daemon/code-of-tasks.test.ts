import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { type AgentUnderTest, agentUnderTest } from '../../support/agent-under-test.js';

/** Nothing is installed: only the code of the tasks matters here. */
const BARE = { CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1', TOLD: 'a b' };

const FILES = {
  'main.py': 'import sys\nprint("main ran", sys.argv[1:])\n',
  'my script.py': 'import sys\nprint("blank ran", sys.argv[1:])\n',
  'src/deep/main.py': 'print("deep ran")\n',
  'clearml.py': 'class Task:\n    @staticmethod\n    def init():\n        print("tracked")\n',
};
/** As `clearml-task` makes it of a script that names its encoding. */
const LATIN =
  'from clearml import Task\nTask.init()\n# -*- coding: latin-1 -*-\nfrom __future__ import print_function\nimport sys\nsys.stdout.flush()\nprint(len("\xe9\xe8"), "latin ran")\n';
const TOO_LARGE =
  '# WARNING! git diff too large to store, clear this section to execute without it.\n# full git diff available in Artifacts/auxiliary_git_diff\n# Clear the section before enqueueing Task!\n';
const LARGE_DIFF =
  'diff --git a/main.py b/main.py\n--- a/main.py\n+++ b/main.py\n@@ -1,2 +1,2 @@\n import sys\n-print("main ran", sys.argv[1:])\n+print("large ran")\n';

const RUNS: [what: string, script: Record<string, unknown>, shows: RegExp][] = [
  ['blanks and arguments', { entry_point: 'my script.py --lr 0.1' }, /^blank ran \['--lr', '0\.1'\]$/m],
  ['backslashes', { entry_point: 'deep\\main.py', working_dir: '.\\src' }, /^deep ran$/m],
  [
    'variables of the task',
    { entry_point: 'main.py $CLEARML_TASK_ID ${TOLD}' },
    /^main ran \['(?:[0-9a-f]{32})', 'a b'\]$/m,
  ],
  [
    'variables behind a module',
    { entry_point: '-m main --id=$CLEARML_TASK_ID $NONE' },
    /^main ran \['--id=[0-9a-f]{32}', '\$NONE'\]$/m,
  ],
  ['a note', { entry_point: 'main.py', diff: 'Submodule a contains untracked content\n' }, /^main ran/m],
  [
    'a script named like a diff',
    { entry_point: 'own.py', diff: 'diff = 1\nprint("own ran")\n' },
    /^own ran$/m,
  ],
  [
    'a launcher without a repository',
    { repository: '', entry_point: '-m cProfile -s time train.py', diff: 'print("train ran")\n' },
    /^ *train ran$/m,
  ],
  ['a script that is not UTF-8', { entry_point: 'latin.py' }, /^2 latin ran$/m],
];

test('code runs as its task describes it', async (t) => {
  t.timeout(170_000);
  const agent = await agentUnderTest(t, BARE);
  const repository = agent.repository(FILES);
  commitLatin(fileURLToPath(repository));
  const ids: string[] = [];
  for (const [, script] of RUNS) ids.push(await agent.enqueue({ repository, branch: 'main', ...script }));
  const daemon = agent.daemon();
  for (const [at, [what, , shows]] of RUNS.entries()) {
    const id = ids[at] ?? '';
    const { status } = await agent.ended(id, 120_000);
    const log = await agent.log(id);
    t.is(status, 'completed', `${what}\n${log}\n${daemon.output()}`);
    t.regex(log, shows, what);
  }
});

test('words in the place of a diff fail the task instead of running the commit without them', async (t) => {
  t.timeout(170_000);
  const agent = await agentUnderTest(t, BARE);
  const repository = agent.repository(FILES);
  const id = await agent.enqueue({
    repository,
    branch: 'main',
    entry_point: 'main.py',
    diff: 'see the mail\n',
  });
  agent.daemon();
  const { status, status_reason } = await agent.ended(id, 120_000);
  const log = await agent.log(id);
  t.deepEqual([status, status_reason], ['failed', 'failed applying uncommitted changes'], log);
  t.regex(
    log,
    /^Process failed: the uncommitted changes of the task are neither a diff nor a script; they begin with "see the mail"$/m,
  );
  t.notRegex(log, /^main ran/m);
});

test('a diff that was too large is read from its artifact, also for a clone', async (t) => {
  t.timeout(170_000);
  const agent = await agentUnderTest(t, BARE);
  const script = {
    repository: agent.repository(FILES),
    branch: 'main',
    entry_point: 'main.py',
    diff: TOO_LARGE,
  };
  const { id } = await agent.call<{ id: string }>('tasks.create', {
    name: 'large',
    type: 'training',
    script,
  });
  const uri = await upload(agent, LARGE_DIFF);
  await agent.call('tasks.add_or_update_artifacts', {
    task: id,
    artifacts: [{ key: 'auxiliary_git_diff', type: 'string', mode: 'output', uri }],
  });
  const clone = await agent.call<{ id: string }>('tasks.clone', { task: id });
  const lost = await agent.enqueue(script);
  for (const task of [id, clone.id]) await agent.call('tasks.enqueue', { task, queue: agent.queue });
  agent.daemon();
  for (const task of [id, clone.id]) {
    const { status } = await agent.ended(task, 120_000);
    t.is(status, 'completed', await agent.log(task));
    t.regex(await agent.log(task), /^large ran$/m);
  }
  t.is((await agent.ended(lost)).status, 'failed');
  t.regex(
    await agent.log(lost),
    /uncommitted changes were too large .* the task has no artifact auxiliary_git_diff/,
  );
});

function commitLatin(repository: string): void {
  writeFileSync(path.join(repository, 'latin.py'), LATIN, 'latin1');
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: repository });
  git('add', '-A');
  git('commit', '-qm', 'latin');
}

async function upload({ server }: AgentUnderTest, text: string): Promise<string> {
  const { accessKey, secretKey } = server.credentials;
  const form = new FormData();
  form.append('p/large/artifacts/diff.txt', new Blob([text]), 'diff.txt');
  const headers = { authorization: `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}` };
  const response = await fetch(server.filesUrl, { method: 'POST', headers, body: form });
  const [stored = ''] = (await response.json()) as string[];
  return `${server.filesUrl}/${stored.replace(/^\//, '')}`;
}
