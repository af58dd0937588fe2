import { randomBytes } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { workerFolder } from '../../../src/os/paths.js';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { type BegunTask, begunTask } from '../../support/begun-task.js';
import { keepFull, onSmallDisk, smallDisk } from '../../support/small-disk.js';
import { until } from '../../support/until.js';

const PAGE = 4096;

interface OnFullDisk extends BegunTask {
  runs: string;
  /** Gives the disk its room back. */
  giveRoom: () => void;
}

/** A task whose daemon, started again, finds neither a free page nor room at the end of the journal. */
async function onFullDisk(t: ExecutionContext): Promise<OnFullDisk> {
  const disk = smallDisk(t, 4);
  const begun = await begunTask(t, { variables: { CLEARML_AGENT_STATE_DIR: disk } });
  const { agent, daemon, task } = begun;
  daemon.kill('SIGKILL');
  await daemon.exited;
  const runs = path.join(workerFolder(disk, 'test:0'), 'runs');
  const journal = path.join(
    runs,
    readdirSync(runs).find((name) => name.startsWith(task)) ?? '',
    'journal.jsonl',
  );
  const entry = (length: number) => `${JSON.stringify({ pad: 'x'.repeat(length) })}\n`;
  const room = PAGE - (statSync(journal).size % PAGE);
  appendFileSync(journal, entry(room - entry(0).length));
  t.is(statSync(journal).size % PAGE, 0, readFileSync(journal, 'utf8'));
  const next = agent.daemon();
  await until(() => next.output().includes('attached again'), { what: 'the attach', context: next.output });
  return { agent, task, daemon: next, runs, giveRoom: keepFull(t, disk) };
}

/** The run waits for the disk; then it is reported and gone, and the daemon takes the next task. */
async function settles(t: ExecutionContext, given: OnFullDisk, status: string): Promise<void> {
  const { agent, task, daemon, runs, giveRoom } = given;
  await until(() => daemon.output().includes(`task ${task}: has ended and is reported once`), {
    what: 'the wait for the disk',
    context: daemon.output,
  });
  t.is((await agent.task(task)).status, 'in_progress');
  giveRoom();
  t.is((await agent.ended(task)).status, status, daemon.output());
  await until(() => readdirSync(runs).every((name) => !name.startsWith(task)), {
    what: 'the folder of the run to go',
    context: daemon.output,
  });
  const next = await agent.enqueue({ binary: '/bin/sh', entry_point: 'a.sh', diff: 'echo quick\n' });
  t.is((await agent.ended(next)).status, 'completed', daemon.output());
}

onSmallDisk('a run that ends while the disk takes no writes is settled once it does', async (t) => {
  const given = await onFullDisk(t);
  writeFileSync(path.join(given.agent.home.folder, 'go'), '');
  await settles(t, given, 'completed');
  t.regex(await given.agent.log(given.task), /^finished$/m);
});

onSmallDisk('an abort on a full disk ends the command at once, and its status follows', async (t) => {
  const given = await onFullDisk(t);
  const { agent, task, daemon } = given;
  await agent.call('tasks.stop', { task });
  await until(async () => /^checkpoint saved$/m.test(await agent.log(task)), {
    what: 'the end of the command',
    context: daemon.output,
  });
  await settles(t, given, 'stopped');
});

onSmallDisk('a daemon that is stopped while a run waits for the disk leaves it to the next', async (t) => {
  const given = await onFullDisk(t);
  const { agent, task, daemon, giveRoom } = given;
  writeFileSync(path.join(agent.home.folder, 'go'), '');
  await until(() => daemon.output().includes(`task ${task}: has ended`), {
    what: 'the wait',
    context: daemon.output,
  });
  daemon.kill('SIGTERM');
  await daemon.exited;
  t.is((await agent.task(task)).status, 'in_progress');
  giveRoom();
  const next = agent.daemon();
  t.is((await agent.ended(task)).status, 'completed', next.output());
});

interface SetUp {
  megabytes: number;
  /** Configuration that puts something on the small disk. */
  conf(disk: string): string;
  files: Record<string, string>;
  script: Record<string, unknown>;
}

const SHELL = { binary: '/bin/sh', entry_point: 'main.sh' };
const PYTHON = { binary: 'python3', entry_point: 'main.py' };
/** Git cannot make it smaller. */
const BIG = randomBytes(3 * 1024 * 1024).toString('hex');
/** Installs 100 MB. */
const BIG_PACKAGE = `import os
os.makedirs("big", exist_ok=True)
open("big/__init__.py", "w").close()
open("big/data.bin", "wb").write(bytes(100 * 1024 * 1024))
from setuptools import setup
setup(name="big", version="1", packages=["big"], package_data={"big": ["data.bin"]})
`;
const environments = (disk: string) =>
  `agent { venvs_dir: "${disk}/venvs", venvs_cache.path: "${disk}/environments" }`;

const SET_UPS: [what: string, given: SetUp][] = [
  [
    'the mirror of its repository',
    {
      megabytes: 2,
      conf: (disk) => `agent.vcs_cache.path: "${disk}/mirrors"`,
      files: { 'main.sh': 'echo ran\n', data: BIG },
      script: SHELL,
    },
  ],
  [
    'its checkout',
    {
      megabytes: 2,
      conf: (disk) => `agent.venvs_dir: "${disk}/venvs"`,
      files: { 'main.sh': 'echo ran\n', data: BIG },
      script: SHELL,
    },
  ],
  [
    'its environment',
    { megabytes: 1, conf: environments, files: { 'main.py': 'print("ran")\n' }, script: PYTHON },
  ],
  [
    'a package',
    {
      megabytes: 80,
      conf: environments,
      files: { 'main.py': 'print("ran")\n', 'big/setup.py': BIG_PACKAGE },
      script: { ...PYTHON, requirements: { pip: './big\n' } },
    },
  ],
];

for (const [what, { megabytes, conf, files, script }] of SET_UPS) {
  onSmallDisk(`a task whose disk has no room for ${what} fails as disk_full`, async (t) => {
    t.timeout(300_000);
    const agent = await agentUnderTest(t);
    appendFileSync(path.join(agent.home.folder, 'clearml.conf'), `\n${conf(smallDisk(t, megabytes))}\n`);
    const url = agent.repository(files);
    const id = await agent.enqueue({ ...script, repository: url, branch: 'main' });
    const { output } = agent.daemon();
    const { status, status_reason, runtime } = await agent.ended(id, 240_000);
    t.deepEqual(
      [status, runtime.failure_class],
      ['failed', 'disk_full'],
      `${await agent.log(id)}\n${output()}`,
    );
    t.log(status_reason);
  });
}
