import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { slurmAgent } from '../../support/slurm-agent.js';
import { slurmRun } from '../../support/slurm-run.js';
import { sharedRig, slurmTest } from '../../support/slurm-test.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';
import { wholeOutput } from '../../support/workload-output.js';

const rig = sharedRig({ nodes: ['n1'] });
const IN_JOB = { settings: { prepare: 'job' } } as const;

slurmTest('set-up steps run in the job that then runs the command', async (t) => {
  const run = await slurmRun(t, rig.get(), IN_JOB);
  const step = await run.place.exec({
    argv: ['sh', '-c', 'echo "$SLURM_JOB_ID $SLURMD_NODENAME $1 $OWN"; pwd; cat; exit 3', 'sh', 'a  b'],
    cwd: run.folder,
    env: { OWN: 'x=y, z' },
  });
  const [job] = step.stdout.split(' ', 1);
  t.deepEqual(
    { ...step, stderr: '' },
    { exitCode: 3, stdout: `${job} n1 a  b x=y, z\n${run.folder}\n`, stderr: '' },
  );
  t.is(step.stderr, '');
  const workload = await run.sh('echo "$SLURM_JOB_ID"; exit 4');
  t.is(workload.ref.job, job);
  t.is((await wholeOutput(workload)).bytes.toString(), `${job}\n`);
  t.deepEqual(await workload.exited, { kind: 'exited', code: 4 });
});

slurmTest('a step gets its input, and its output comes as it is written', async (t) => {
  const run = await slurmRun(t, rig.get(), IN_JOB);
  let heard = '';
  const { stdout } = await run.place.exec(
    { argv: ['sh', '-c', 'read line; echo "got $line"'] },
    { input: 'words\n', onOutput: (chunk) => (heard += chunk) },
  );
  t.is(stdout, 'got words\n');
  t.is(heard, stdout);
});

slurmTest('a step that cannot start says which command', async (t) => {
  const run = await slurmRun(t, rig.get(), IN_JOB);
  await t.throwsAsync(run.place.exec({ argv: ['no-such-program'] }), {
    code: 'COMMAND_MISSING',
    message: /^no-such-program cannot be started in Slurm job \d+: No such file/,
  } as never);
});

slurmTest('a job that is cancelled while the task is prepared fails the step by that cause', async (t) => {
  const run = await slurmRun(t, rig.get(), IN_JOB);
  const step = run.place.exec({ argv: ['sh', '-c', 'echo begun; sleep 600'] }, { onOutput: () => cancel() });
  const cancel = () => {
    for (const line of rig.get().jobs()) rig.get().slurm('scancel', line.split(' ', 1)[0] ?? '');
  };
  await t.throwsAsync(step, { code: 'SLURM', message: /ended while the task was prepared in it$/ } as never);
});

/** The real srun, which forgets what Slurm says and ends as a step on a busy node does before that. */
const WORDLESS = `#!/bin/sh
mark=$(dirname "$0")/told
[ -e "$mark" ] && exec SRUN "$@"
touch "$mark"
SRUN "$@" 2>/dev/null
exit 143
`;

for (const [title, script, cancels] of [
  ['a step that a cancelled job ends without words fails by that cause', 'echo begun; sleep 600', true],
  ['a step that ends by itself with 143 has that exit code', 'echo begun; exit 143', false],
] as const)
  slurmTest(title, async (t) => {
    const bin = temporaryFolder(t);
    const real = execFileSync('/bin/sh', ['-c', 'command -v srun'], { encoding: 'utf8' }).trim();
    writeFileSync(path.join(bin, 'srun'), WORDLESS.replaceAll('SRUN', real), { mode: 0o755 });
    const environment = { PATH: `${bin}:${process.env.PATH ?? ''}` };
    const run = await slurmRun(t, rig.get(), { ...IN_JOB, environment });
    const cancel = () => rig.get().slurm('scancel', '--name', String(run.place.ref.key));
    const onOutput = () => cancels && cancel();
    const step = run.place.exec({ argv: ['sh', '-c', script] }, { onOutput });
    if (cancels) await t.throwsAsync(step, { code: 'SLURM', message: /ended while the task/ } as never);
    else t.like(await step, { exitCode: 143, stdout: 'begun\n' });
  });

slurmTest('a job whose agent never comes back ends by itself, and the task is put back', async (t) => {
  const run = await slurmRun(t, rig.get(), { ...IN_JOB, beat: { beatMs: 500, limitSeconds: 4 } });
  const job = rig.get().jobs()[0]?.split(' ', 1)[0] ?? '';
  t.is((await run.place.exec({ argv: ['sh', '-c', 'sleep 8; echo prepared'] })).stdout, 'prepared\n');
  run.leaves();
  await until(() => rig.get().jobs().length === 0, { what: 'the end of the job' });
  t.regex(rig.get().slurm('scontrol', 'show', 'job', job), /ExitCode=76:0/);
  const words = readFileSync(path.join(String(run.place.ref.folder), 'slurm.log'), 'utf8');
  t.regex(words, /^the agent that prepares the task has given no sign of life for 4 s$/m);
  t.is(await run.later().find(run.place.ref), undefined);
});

slurmTest('a command that needs no preparation is no reason for a second job after a crash', async (t) => {
  const run = await slurmRun(t, rig.get(), IN_JOB);
  t.is(rig.get().jobs().length, 1);
  run.leaves();
  const later = run.later();
  t.is(await later.find(run.place.ref), undefined);
  await later.dispose(run.place.ref);
  t.deepEqual(rig.get().jobs(), []);
  t.false(existsSync(String(run.place.ref.folder)));
});

const PREPARED_IN_JOB = { CLEARML_AGENT__AGENT__SLURM__PREPARE: 'job' };

slurmTest('a task is prepared in its job: the environment is made on the node', async (t) => {
  const agent = await slurmAgent(t, rig.get(), {
    ...PREPARED_IN_JOB,
    CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '',
  });
  const daemon = agent.slurmDaemon();
  const url = agent.repository({
    'main.py': 'import os, sys\nprint("ran in", os.environ["SLURM_JOB_ID"], sys.prefix)\n',
  });
  const id = await agent.enqueue({ repository: url, branch: 'main', entry_point: 'main.py' });
  const task = await agent.ended(id);
  const log = await agent.log(id);
  t.is(task.status, 'completed', `${log}\n${daemon.output()}`);
  const job = /Slurm job (\d+) runs on n1; the task is prepared in it/.exec(log)?.[1];
  t.truthy(job, log);
  t.regex(log, new RegExp(`^ran in ${job} .*venvs-builds`, 'm'));
  await until(() => rig.get().jobs().length === 0, { what: 'the end of all jobs' });
});

slurmTest('a daemon that is killed while it prepares leaves no job, and the task runs once', async (t) => {
  const agent = await slurmAgent(t, rig.get(), PREPARED_IN_JOB);
  const [count, mark] = [path.join(agent.shared, 'count'), path.join(agent.shared, 'slow')];
  // First on the agent's PATH.
  const python = path.join(agent.shared, 'bin/python3');
  writeFileSync(
    python,
    `#!/bin/sh\n[ -e '${mark}' ] || { echo "$SLURM_JOB_ID" >'${mark}'; sleep 600; }\nexec /usr/bin/python3 "$@"\n`,
    { mode: 0o755 },
  );
  const id = await agent.enqueue({
    entry_point: 'main.py',
    diff: `with open(${JSON.stringify(count)}, "a") as file: file.write("run\\n")\n`,
  });
  const killed = agent.slurmDaemon();
  await until(() => existsSync(mark) && readFileSync(mark, 'utf8') !== '', {
    what: 'the set-up in the job',
    context: killed.output,
  });
  killed.kill('SIGKILL');
  await killed.exited;
  const later = agent.slurmDaemon();
  const task = await agent.ended(id);
  t.is(task.status, 'completed', `${await agent.log(id)}\n${later.output()}`);
  t.is(readFileSync(count, 'utf8'), 'run\n');
  const first = readFileSync(mark, 'utf8').trim();
  t.false(
    rig
      .get()
      .jobs()
      .some((line) => line.startsWith(`${first} `)),
  );
});
