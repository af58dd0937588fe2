import { randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import type { HoldMeans } from '../../../src/drivers/local/local-driver.js';
import { LOCAL_REF_VERSION, localRef } from '../../../src/drivers/local/local-ref.js';
import type { LocalWorkload } from '../../../src/drivers/local/local-workload.js';
import { isAlive } from '../../../src/os/processes.js';
import { type LocalRun, localDriver, localRun, outputText, outputUntil } from '../../support/local-run.js';

/** Both means; the tests need a user who may make control groups, as root of the test machine. */
const MEANS: readonly HoldMeans[] = ['control-group', 'subreaper'];
const TIMES = 20;

/**
 * What each of these leaves has no environment, session or parent of the task, so nothing but the control group or the
 * subreaper tells whose it is. A script writes the pids of what it leaves, a line each, then `ready`.
 */
const PYTHON = 'import os, signal, sys, time\ndef say(*a): print(*a, flush=True)\n';
const LEAVES_ONE = `env -i setsid sh -c 'trap "" HUP; echo $$; exec sleep 300' & sleep 0.3`;
const BARE = `env -i sh -c 'echo $$; echo ready; exec sleep 300'`;
const LEFT: Readonly<Record<string, readonly string[]>> = {
  'env -i setsid': ['sh', '-c', `env -i setsid sh -c 'echo $$; echo ready; exec sleep 300' &\nwait`],
  'setsid --fork': ['sh', '-c', `setsid --fork ${BARE}\nsleep 300`],
  'nohup in the background of a background': ['sh', '-c', `(env -i setsid nohup ${BARE} &)\nsleep 300`],
  'a double fork': [
    'python3',
    '-c',
    `${PYTHON}
if os.fork() == 0:
    os.setsid()
    if os.fork(): os._exit(0)
    os.execve('/bin/sh', ['sh', '-c', 'echo $$; echo ready; exec sleep 300'], {})
time.sleep(300)`,
  ],
  'SIGTERM and SIGHUP ignored': [
    'sh',
    '-c',
    `env -i setsid sh -c 'trap "" TERM HUP INT; echo $$; echo ready; while :; do sleep 1; done' &\nwait`,
  ],
  'stopped by SIGSTOP': [
    'sh',
    '-c',
    `env -i setsid sh -c 'echo $$; exec sleep 300' & sleep 0.2; kill -STOP $!; echo ready; wait`,
  ],
  'a changed name': [
    'python3',
    '-c',
    `${PYTHON}
if os.fork() == 0:
    os.setsid()
    os.execve('/bin/sh', ['[kworker/0:1]', '-c', 'echo $$; echo ready; while :; do sleep 1; done'], {})
time.sleep(300)`,
  ],
  'a parent of zombies': [
    'python3',
    '-c',
    `${PYTHON}
if os.fork() == 0:
    os.setsid()
    for _ in range(5):
        if os.fork() == 0: os._exit(0)
    os.execve('/bin/sh', ['sh', '-c', 'echo $$; echo ready; exec sleep 300'], {})
time.sleep(300)`,
  ],
  'thirty at once': [
    'sh',
    '-c',
    `for i in $(seq 30); do env -i setsid sh -c 'echo $$; exec sleep 300' & done; sleep 1; echo ready; wait`,
  ],
  'a chain of successors': [
    'python3',
    '-c',
    // By itself it ends after twenty seconds.
    `${PYTHON}
def clean():
    os.execve(sys.executable, [sys.executable, '-I', '-S', '-c', '''# TOKEN
import os, time
end = time.time() + 20
print(os.getpid(), flush=True)
print('ready', flush=True)
while time.time() < end:
    if os.fork(): os._exit(0)
    os.setsid()
    time.sleep(0.002)'''], {})
if os.fork() == 0:
    os.setsid()
    clean()
time.sleep(300)`,
  ],
};

async function leftBy(workload: LocalWorkload): Promise<number[]> {
  const { text } = await outputUntil(workload, 'ready\n');
  const pids = text.split('\n').filter((line) => /^\d+$/.test(line));
  return pids.map(Number);
}

async function alive(pids: readonly number[]): Promise<number[]> {
  const states = await Promise.all(pids.map((pid) => isAlive(pid)));
  return pids.filter((_, index) => states[index]);
}

/** Members of a chain have other pids than the first one said. */
async function withToken(token: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
  );
  return pids.filter((_, index) => lines[index]?.includes(token));
}

async function launched(t: ExecutionContext, means: HoldMeans, argv: readonly string[]) {
  const local: LocalRun = await localRun(t, means);
  const [program = '', ...args] = argv;
  return local.driver.launch(local.place, { argv: [program, ...args] });
}

for (const means of MEANS) {
  for (const [what, argv] of Object.entries(LEFT)) {
    test.serial(`${means}: an abort ends ${what}`, async (t) => {
      for (let time = 0; time < (what === 'env -i setsid' ? TIMES : 2); time++) {
        const token = randomUUID();
        const workload = await launched(
          t,
          means,
          argv.map((argument) => argument.replace('TOKEN', token)),
        );
        const pids = await leftBy(workload);
        t.true(pids.length > 0);
        await workload.stop(100);
        t.deepEqual([await alive(pids), await withToken(token)], [[], []]);
        t.is((await workload.exited).kind, 'signalled');
      }
    });
  }

  test.serial(`${means}: what is left after a normal end is ended, and its exit status stays`, async (t) => {
    for (let time = 0; time < TIMES; time++) {
      const script = `env -i setsid sh -c 'trap "" HUP; echo $$; exec sleep 300' & sleep 0.2; echo ready; exit 3`;
      const workload = await launched(t, means, ['sh', '-c', script]);
      const pids = await leftBy(workload);
      t.deepEqual(await workload.exited, { kind: 'exited', code: 3 });
      await workload.settled;
      t.deepEqual(await alive(pids), []);
    }
  });

  test.serial(
    `${means}: one that was stopped by SIGSTOP saves its checkpoint within the grace`,
    async (t) => {
      const script = `trap 'echo saved; exit 5' TERM; (sleep 0.3; kill -STOP $$; echo ready) & while :; do sleep 0.1; done`;
      const workload = await launched(t, means, ['sh', '-c', script]);
      await outputUntil(workload, 'ready\n');
      await workload.stop(10_000);
      t.deepEqual(await workload.exited, { kind: 'exited', code: 5 });
      t.regex(await outputText(workload), /^saved$/m);
    },
  );

  test.serial(`${means}: the command sees its own environment and no signal ignored`, async (t) => {
    const { driver, place } = await localRun(t, means);
    const env = { LD_LIBRARY_PATH: '/nowhere', LC_ALL: undefined, LANG: undefined, ODD: 'ü\n=' };
    const workload = await driver.launch(place, { argv: ['/usr/bin/env', '-0'], env });
    const names = (await outputText(workload))
      .split('\0')
      .filter((one) => /^[A-Z]/.test(one))
      .sort();
    t.deepEqual(
      names.filter((one) => !one.startsWith('PWD=')),
      [
        `CLEARML_AGENT_WORKLOAD=${place.ref.marker}`,
        'LD_LIBRARY_PATH=/nowhere',
        'ODD=ü\n=',
        `PATH=${process.env.PATH}`,
      ],
    );
    const other = await localRun(t, means);
    // Of a shell's child: Python itself ignores two signals.
    const argv = ['sh', '-c', 'grep SigIgn /proc/self/status'] as const;
    const second = await other.driver.launch(other.place, { argv: [...argv] });
    t.is(await outputText(second), 'SigIgn:\t0000000000000000\n');
  });
}

for (const means of MEANS) {
  test.serial(`${means}: a later daemon ends what was left while none lived`, async (t) => {
    const { driver, place, leaves } = await localRun(t, means);
    const script = `${LEAVES_ONE}; echo ready; sleep 0.5; exit 3`;
    const workload = await driver.launch(place, { argv: ['sh', '-c', script] });
    const pids = await leftBy(workload);
    leaves();
    const leave = new AbortController();
    t.teardown(() => leave.abort());
    const later = await localDriver(leave.signal, 'mark').attach(JSON.parse(JSON.stringify(workload.ref)));
    t.deepEqual(await later?.exited, { kind: 'exited', code: 3 });
    await later?.settled;
    t.deepEqual(await alive(pids), []);
  });

  test.serial(`${means}: a place whose launch was not noted is cleared of all`, async (t) => {
    const { driver, place, sh } = await localRun(t, means);
    const pids = await leftBy(await sh(`${LEAVES_ONE}; echo ready; sleep 300`));
    t.deepEqual(await alive(pids), pids);
    await driver.dispose(JSON.parse(JSON.stringify(place.ref)));
    t.deepEqual(await alive(pids), []);
  });
}

test('a journal cannot name a control group that is not of its run', (t) => {
  const ref = {
    kind: 'local',
    version: LOCAL_REF_VERSION,
    taskId: 't',
    runFolder: '/r',
    marker: 'm',
  } as const;
  const folders = ['/sys/fs/cgroup', '/sys/fs/cgroup/clearml-task-other', 'clearml-task-m', ''];
  for (const controlGroup of folders) t.deepEqual(localRef({ ...ref, controlGroup }), ref, controlGroup);
  const own = { ...ref, controlGroup: '/sys/fs/cgroup/clearml-task-m' };
  t.deepEqual(localRef(own), own);
});

test.serial('control-group: what a set-up step leaves ends with the place, and the group goes', async (t) => {
  const { driver, place } = await localRun(t, 'control-group');
  const script = `env -i setsid sh -c 'echo $$; exec sleep 300 > /dev/null 2>&1' & sleep 0.3`;
  const { stdout } = await place.exec({ argv: ['sh', '-c', script] });
  const pid = Number(stdout);
  t.true(await isAlive(pid));
  await driver.dispose(place.ref);
  t.false(await isAlive(pid));
  await t.throwsAsync(readFile(`${place.ref.controlGroup}/cgroup.procs`), { code: 'ENOENT' });
});
