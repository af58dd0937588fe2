import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { GIT_ENVIRONMENT } from '../../support/git-repository.js';

const MARK = 'text-that-no-log-may-show';

/** Fields of a script that lead out of the repository, with what the cause names. `OUT` is a folder outside. */
const CASES: readonly [script: Record<string, unknown>, cause: RegExp][] = [
  [{ working_dir: '..' }, /the working directory \.\. of the task is outside of/],
  [{ working_dir: 'src/../../..' }, /the working directory \.\.\/\.\. of the task is outside of/],
  [{ working_dir: 'OUT' }, /the working directory \S+ of the task is outside of/],
  [{ working_dir: 'out' }, /the working directory out of the task is outside of/],
  [{ working_dir: 'src/deep' }, /the working directory src\/deep of the task is outside of/],
  [{ entry_point: '../../secret.py' }, /the entry point \.\.\/\.\.\/secret\.py of the task is outside of/],
  [{ entry_point: 'out/secret.py' }, /the entry point out\/secret\.py of the task is outside of/],
  [{ entry_point: 'linked.py' }, /the entry point linked\.py of the task is outside of/],
  [{ entry_point: 'dangling.py' }, /the entry point dangling\.py of the task is outside of/],
  [{ working_dir: 'out', entry_point: 'secret.py', diff: 'print("mine")\n' }, /outside of/],
  [{ entry_point: 'linked.py', diff: 'import os\nprint("mine")\n' }, /outside of/],
  [{ requirements: { pip: '-r OUT/secret.txt' } }, /OUT\/secret\.txt is outside of the repository/],
  [{ requirements: { pip: '-r${HOME}/outside/secret.txt' } }, /is outside of the repository/],
  [{ requirements: { pip: '--requirement=src/../../../x' } }, /is outside of the repository/],
  [{ requirements: { pip: '-c out/secret.txt' } }, /out\/secret\.txt is outside of the repository/],
  [{ requirements: { pip: '-r file://OUT/secret.txt' } }, /is outside of the repository/],
  [{ branch: 'link-as-list' }, /requirements\.txt is outside of the repository/],
  [
    {
      diff: 'diff --git a/../../secret.py b/../../secret.py\nnew file mode 100644\n--- /dev/null\n+++ b/../../secret.py\n@@ -0,0 +1 @@\n+x\n',
    },
    /the uncommitted changes name \.\.\/\.\.\/secret\.py, which is outside of the repository/,
  ],
  [
    {
      diff: 'diff --git a/out/secret.py b/out/secret.py\nnew file mode 100644\n--- /dev/null\n+++ b/out/secret.py\n@@ -0,0 +1 @@\n+x\ndiff --git a/main.py b/main.py\n--- a/main.py\n+++ b/main.py\n@@ -1 +1 @@\n-other\n+x\n',
    },
    /the uncommitted changes name out\/secret\.py, which is outside of the repository/,
  ],
];

test('no path of a task leads out of its repository, by dots, links or from the root', async (t) => {
  t.timeout(170_000);
  const { daemon, enqueue, ended, log, home } = await agentUnderTest(t);
  const out = path.join(home.folder, 'outside');
  const source = path.join(home.folder, 'code');
  mkdirSync(out);
  mkdirSync(path.join(source, 'src'), { recursive: true });
  writeFileSync(path.join(out, 'secret.py'), `# ${MARK}\nfrom __future__ import annotations\n`);
  writeFileSync(path.join(out, 'secret.txt'), `${MARK} { }\n`);
  writeFileSync(path.join(source, 'main.py'), 'print("ran")\n');
  writeFileSync(path.join(source, 'src/run.py'), 'print("ran")\n');
  symlinkSync('src/run.py', path.join(source, 'inside.py'));
  symlinkSync(out, path.join(source, 'out'));
  symlinkSync('../out', path.join(source, 'src/deep'));
  symlinkSync(path.join(out, 'secret.py'), path.join(source, 'linked.py'));
  symlinkSync(path.join(out, 'made.py'), path.join(source, 'dangling.py'));
  const git = (...args: string[]) => execFileSync('git', args, { cwd: source, env: GIT_ENVIRONMENT });
  git('init', '-q', '-b', 'main');
  git('add', '-A');
  git('commit', '-q', '-m', 'all');
  git('checkout', '-q', '-b', 'link-as-list');
  symlinkSync(path.join(out, 'secret.txt'), path.join(source, 'requirements.txt'));
  git('add', '-A');
  git('commit', '-q', '-m', 'link');
  const running = daemon();
  const base = {
    repository: `file://${source}`,
    branch: 'main',
    entry_point: 'main.py',
    requirements: { pip: '# none' },
  };
  for (const [script, cause] of CASES) {
    const given = JSON.parse(JSON.stringify(script).replaceAll('OUT', out));
    const requirements = script.branch === undefined ? base.requirements : {};
    const id = await enqueue({ ...base, requirements, ...given });
    t.is((await ended(id)).status, 'failed', JSON.stringify(script));
    const text = await log(id);
    t.regex(text.replaceAll(out, 'OUT'), cause, JSON.stringify(script));
    t.is(text.match(/^Process failed: /gm)?.length, 1, text);
    t.false(text.includes(MARK), text);
  }
  t.is(readFileSync(path.join(out, 'secret.py'), 'utf8'), `# ${MARK}\nfrom __future__ import annotations\n`);
  t.deepEqual(execFileSync('ls', [out], { encoding: 'utf8' }).trim().split('\n'), [
    'secret.py',
    'secret.txt',
  ]);
  const good = await enqueue({ ...base, entry_point: 'inside.py' });
  t.is((await ended(good)).status, 'completed', await log(good));
  t.false(running.output().includes(MARK));
});
