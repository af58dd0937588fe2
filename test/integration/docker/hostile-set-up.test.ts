import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type AgentUnderTest, agentUnderTest } from '../../support/agent-under-test.js';
import { containerTask } from '../../support/container-task.js';
import { sharedEngine } from '../../support/docker-engine.js';
import { makeMachineImage } from '../../support/machine-image.js';
import { packageIndex } from '../../support/package-index.js';
import { pythonTool } from '../../support/python-tools.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const engineFor = sharedEngine(
  test,
  async (engine) => {
    await engine.makeBusybox('base:1');
    await engine.makeBusybox('user:1', ['USER 1000:1000']);
    const libraries = ['bash', 'dash', 'coreutils', 'libc-bin', 'zlib1g', 'libexpat1', 'libffi8'];
    await makeMachineImage(engine, 'python:1', { packages: [...libraries, 'python3', 'python3-pip'] });
  },
  170_000,
);

/** A folder of the machine with one file, and what must still be there in the end. */
function precious(t: ExecutionContext): { folder: string; file: string; untouched: () => void } {
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'precious.py');
  // An SDK's line above it would be moved by the agent.
  const text = 'import os\nfrom __future__ import annotations\n# /.clearml.workspace/venv\n';
  writeFileSync(file, text);
  return {
    folder,
    file,
    untouched: () => {
      t.deepEqual(readdirSync(folder), ['precious.py']);
      t.is(readFileSync(file, 'utf8'), text);
    },
  };
}

async function agentFor(t: ExecutionContext): Promise<AgentUnderTest> {
  const engine = await engineFor(t);
  return agentUnderTest(t, {
    DOCKER_HOST: `unix://${engine.socket}`,
    CLEARML_AGENT_EXTRA_DOCKER_ARGS: '--network none',
  });
}

async function run(agent: AgentUnderTest, script: object, container: object): Promise<[string, string]> {
  const { id } = await agent.call<{ id: string }>('tasks.create', {
    name: 'hostile',
    type: 'training',
    script: { binary: '/bin/sh', working_dir: '.', entry_point: 'run.sh', ...script },
    container: { image: 'base:1', ...container },
  });
  await agent.call('tasks.enqueue', { task: id, queue: agent.queue });
  const { status } = await agent.ended(id);
  return [status, await agent.log(id)];
}

const LITERAL = { entry_point: 'written.py', binary: 'python3', diff: 'print("written")\n' };

/** What a set-up script does in the container; `$HOST` is a folder of the machine. */
const SET_UPS: readonly [name: string, script: string, code: object][] = [
  ['a link in the place of the code folder', 'ln -s $HOST /.clearml.workspace/code', LITERAL],
  ['a link to a file there', 'ln -s $HOST/precious.py /.clearml.workspace/code', LITERAL],
  [
    'a folder there with a link in it',
    'mkdir /.clearml.workspace/code; ln -s $HOST/precious.py /.clearml.workspace/code/written.py',
    LITERAL,
  ],
  [
    'links that come and go all the time',
    '(while :; do ln -sfn $HOST /.clearml.workspace/code; rm -f /.clearml.workspace/code; done) > /dev/null 2>&1 &',
    LITERAL,
  ],
];

test('a set-up script cannot lead what the agent writes out of the container', async (t) => {
  const agent = await agentFor(t);
  agent.daemon('--docker', 'base:1');
  for (const [name, script, code] of SET_UPS) {
    const host = precious(t);
    const [status, log] = await run(agent, code, {
      setup_shell_script: script.replaceAll('$HOST', host.folder),
    });
    t.is(status, 'failed', name); // the image has no Python
    t.regex(log, /cannot put \/\.clearml\.workspace\/code into the container|no Python/, name);
    host.untouched();
  }
});

test('paths of a task lead nowhere but to its code', async (t) => {
  const agent = await agentFor(t);
  agent.daemon('--docker', 'base:1');
  const host = precious(t);
  const repository = agent.repository({ 'run.sh': 'echo ran\n' });
  const up = `${'../'.repeat(30)}${host.folder.slice(1)}`;
  const of = { repository, branch: 'main' };
  const link = (target: string, name: string) =>
    `diff --git a/${name} b/${name}\nnew file mode 120000\n--- /dev/null\n+++ b/${name}\n@@ -0,0 +1 @@\n+${target}\n\\ No newline at end of file\n`;
  const python = { binary: 'python3' };
  const cases: [string, object][] = [
    ['working_dir goes up', { ...of, working_dir: up, ...python, entry_point: 'precious.py' }],
    ['working_dir is absolute', { ...of, working_dir: host.folder, ...python, entry_point: 'precious.py' }],
    [
      'working_dir is a link',
      { ...of, diff: link(host.folder, 'sub'), working_dir: 'sub', ...python, entry_point: 'precious.py' },
    ],
    ['entry_point is a link', { ...of, diff: link(host.file, 'a.py'), ...python, entry_point: 'a.py' }],
    ['entry_point goes up', { ...of, ...python, entry_point: `${up}/precious.py` }],
    ['a script is written above', { ...of, working_dir: up, ...LITERAL }],
  ];
  for (const [name, script] of cases) {
    const [status, log] = await run(agent, script, {});
    t.is(status, 'failed', name);
    t.regex(log, /is outside of|is not a folder/, `${name}: ${log}`);
    host.untouched();
  }
});

test('a container has its own copies of what mirrors and later tasks use', async (t) => {
  const agent = await agentFor(t);
  agent.daemon('--docker', 'base:1');
  const repository = agent.repository({
    'run.sh': 'stat -c %h $(find .git/objects -type f)\nid -u\nls -ldn run.sh\n',
  });
  for (const image of ['base:1', 'user:1']) {
    const [status, log] = await run(agent, { repository, branch: 'main' }, { image });
    t.is(status, 'completed', log);
    t.regex(log, /^1$/m);
    t.notRegex(log, /^[2-9]$/m);
    if (image === 'user:1') t.regex(log, /1000 +1000 .*run\.sh/);
  }
});

test('what a container does to its environment or puts in its place reaches no other task', async (t) => {
  const engine = await engineFor(t);
  const index = await packageIndex(t, [{ name: 'alpha', version: '1.0', value: 'first' }], { login: false });
  const hostEnvironment = {
    ...process.env,
    PATH: `${path.dirname(await pythonTool('uv'))}:${process.env.PATH}`,
    PIP_INDEX_URL: index.url,
  };
  const root = temporaryFolder(t);
  const options = { image: 'python:1', root, packages: ['alpha'], hostEnvironment };
  const poison =
    'import alpha, os, sysconfig; f = alpha.__file__; s = os.stat(f); h = open(f, "r+"); h.write("VALUE = 2  "); h.close(); os.utime(f, ns=(s.st_atime_ns, s.st_mtime_ns)); open(os.path.join(sysconfig.get_path("purelib"), "evil.pth"), "w").write("import os; print(6)\\n")';
  const signal = new AbortController().signal;
  for (const hit of [false, true, true]) {
    const task = await containerTask(t, engine, options);
    const made = await task.environment();
    t.is(made.cacheHit, hit);
    t.is(await task.python(made, 'import alpha; print(alpha.VALUE)'), 'first');
    await made.upkeep?.({ signal, logger: { info: () => undefined, warn: (text) => t.fail(text) } });
    t.is(await task.python(made, poison), '');
    t.not(await task.python(made, 'import alpha; print(alpha.VALUE)'), 'first');
  }
  const host = precious(t);
  for (const name of ['venv', 'venv.tools']) {
    const text = `ln -s ${host.folder} /.clearml.workspace/${name}`;
    const task = await containerTask(t, engine, { ...options, scripts: [{ name: 'hostile', text }] });
    const made = await task.environment();
    t.is(await task.python(made, 'import alpha; print(alpha.VALUE)'), 'first', name);
    host.untouched();
  }
  host.untouched();
});
