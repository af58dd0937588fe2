import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { packageIndex } from '../../support/package-index.js';
import { until } from '../../support/until.js';

const DIFF = `diff --git a/lib/value.py b/lib/value.py
--- a/lib/value.py
+++ b/lib/value.py
@@ -1 +1 @@
-VALUE = "committed"
+VALUE = "changed"
`;

/** A server with a task of a repository in which everything matters: folder, changes, packages, arguments. */
async function taskToBuild(t: ExecutionContext) {
  const given = await agentUnderTest(t);
  const index = await packageIndex(t, [{ name: 'tinypkg', version: '1.2.3' }], { login: false });
  const url = given.repository({
    'lib/__init__.py': '',
    'lib/value.py': 'VALUE = "committed"\n',
    'work/main.py':
      'import sys, tinypkg\nfrom lib.value import VALUE\nprint(VALUE, tinypkg.VALUE, sys.argv[1])\n',
  });
  const script = {
    binary: 'python3',
    repository: url,
    branch: 'main',
    working_dir: '.',
    entry_point: 'work/main.py "one argument"',
    diff: DIFF,
    requirements: { pip: `--index-url ${index.url}\ntinypkg==1.2.3\n` },
  };
  const { id } = await given.call<{ id: string }>('tasks.create', {
    name: 'to be built',
    type: 'training',
    script,
  });
  const target = path.join(given.home.folder, 'envs/built');
  return { ...given, id, url, target };
}

/** The server of these tests is in this process: a program that is waited for in step would stop it. */
const execute = promisify(execFile);

/** Runs the line that `build` has printed, in a shell that knows nothing else. */
async function runAsTold(output: string): Promise<string> {
  const line = /^To run it: (.*)$/m.exec(output)?.[1] ?? 'false';
  return (await execute('sh', ['-c', line], { env: { PATH: process.env.PATH } })).stdout;
}

test('a folder with environment and code, which runs; the task is left alone; a second one without the network', async (t) => {
  t.timeout(120_000);
  const { agent, id, url, target, task, log, home } = await taskToBuild(t);
  const built = agent('build', '--id', 'to be built', '--target', 'envs/built');
  t.deepEqual(await built.exited, { code: 0, signal: null }, built.output());
  const root = path.join(target, 'task_repository', path.basename(url));
  for (const line of [
    `Task: ${id} (to be built)`,
    '  tinypkg==1.2.3',
    `Virtual environment: ${target}/bin`,
    `Source code: ${root}`,
    `Entry point: ${root}/work/main.py`,
  ])
    t.true(built.output().includes(`\n${line}\n`), `${line}\n${built.output()}`);
  t.is(await runAsTold(built.output()), 'changed 1.2.3 one argument\n');
  t.like(await task(id), { status: 'created' });
  t.falsy((await task(id)).last_worker);
  t.false(JSON.stringify((await task(id)).script.requirements).includes('org_pip'));
  t.is((await task(id)).script.version_num ?? '', '');
  t.is(await log(id), '');
  t.deepEqual(readdirSync(path.join(home.folder, 'envs')), ['built']);
  t.deepEqual(readdirSync(path.join(home.folder, '.clearml/agent/workers')), []);

  rmSync(fileURLToPath(url), { recursive: true });
  const again = agent('build', '--id', id, '--target', 'envs/offline', '--standalone-mode');
  t.is((await again.exited).code, 0, again.output());
  t.regex(again.output(), /cached environment/);
  t.is(await runAsTold(again.output()), 'changed 1.2.3 one argument\n');
});

test('packages of --install-globally go into the interpreter', async (t) => {
  t.timeout(120_000);
  const { agent, id, target, home } = await taskToBuild(t);
  const own = path.join(home.folder, 'interpreter');
  await execute('python3', ['-m', 'venv', own]);
  const name = `${own}/bin/python`;
  home.env.CLEARML_AGENT__AGENT__PYTHON_BINARY = name;
  home.env.CLEARML_AGENT__AGENT__IGNORE_REQUESTED_PYTHON_VERSION = 'true';
  const built = agent('build', '--id', id, '--target', target, '--install-globally');
  t.is((await built.exited).code, 0, built.output());
  const { stdout } = await execute(name, ['-c', 'import tinypkg; print(tinypkg.VALUE)']);
  t.is(stdout, '1.2.3\n');
  t.true(existsSync(path.join(target, 'bin/python')));
  t.true(existsSync(path.join(target, 'task_repository')));
});

test('a failed build reports one line and leaves nothing behind', async (t) => {
  t.timeout(120_000);
  const { agent, id, call, home, url } = await taskToBuild(t);
  const make = async (script: Record<string, unknown>) =>
    (await call<{ id: string }>('tasks.create', { name: 'bad', type: 'training', script })).id;
  const empty = await make({});
  const absent = await make({ repository: url, branch: 'main', entry_point: 'absent.py' });
  writeFileSync(path.join(home.folder, 'file'), '');
  mkdirSync(path.join(home.folder, 'full/inside'), { recursive: true });
  const cases: [words: string[], status: number, cause: RegExp][] = [
    [[], 2, /build needs --id/],
    [['--id', 'f'.repeat(32)], 2, /could not find task/],
    [['--id', id, '--target', 'full'], 2, /cannot build in \S+\/full: it is not empty/],
    [['--id', id, '--target', 'file'], 2, /cannot build in \S+\/file: it is not a folder/],
    [
      ['--id', id, '--target', 'file/below'],
      2,
      /cannot build in \S+\/below: cannot write \S+\/file: expected a folder/,
    ],
    [['--id', id, '--target', '/proc/self'], 2, /cannot build in /],
    [['--id', id, '--python-version', 'newest'], 2, /--python-version takes a version of Python 3/],
    [['--id', id, '--entry-point', 'reuse_task'], 2, /--entry-point is about an image: it needs --docker/],
    [['--id', id, '--docker', 'img', '--target', '/An/Image'], 2, /"\/An\/Image" is no name for an image/],
    [['--id', empty, '--target', 'new'], 1, /the task has no entry point: there is nothing to run/],
    [['--id', absent, '--target', 'new'], 1, /the entry point absent\.py of the task does not exist/],
  ];
  const runs = cases.map(([words, ...expected]) => [agent('build', ...words), words, ...expected] as const);
  for (const [run, words, status, cause] of runs) {
    t.is((await run.exited).code, status, `${words.join(' ')}\n${run.output()}`);
    const errors = run
      .output()
      .split('\n')
      .filter((line) => line.includes('ERROR'));
    t.is(errors.length, 1, run.output());
    t.regex(errors[0] ?? '', cause);
    t.false(/^\s+at .*\.js:\d+/m.test(run.output()), run.output());
  }
  t.deepEqual(
    readdirSync(home.folder).filter((name) => name.includes('new') || name.includes('build')),
    [],
  );
  t.deepEqual(readdirSync(path.join(home.folder, 'full')), ['inside']);
});

test('Ctrl-C ends a build and leaves nothing', async (t) => {
  t.timeout(60_000);
  const { agent, call, home, url } = await taskToBuild(t);
  const { id } = await call<{ id: string }>('tasks.create', {
    name: 'slow',
    type: 'training',
    script: { repository: url, branch: 'main', entry_point: 'work/main.py' },
  });
  const slow = path.join(home.folder, 'slow.sh');
  writeFileSync(slow, 'echo building; sleep 60\n');
  home.env.CLEARML_AGENT_CUSTOM_BUILD_SCRIPT = slow;
  const run = agent('build', '--id', id, '--target', 'envs/slow');
  await until(() => run.output().includes('building'), { what: 'the script', context: run.output });
  run.kill('SIGINT');
  t.deepEqual(await run.exited, { code: 130, signal: null }, run.output());
  t.regex(run.output(), /the build was stopped; nothing of it is left/);
  t.deepEqual(readdirSync(path.join(home.folder, 'envs')), []);
});
