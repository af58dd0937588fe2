import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import test from 'ava';
import type { PlaceTask } from '../../../src/drivers/driver.js';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { localDriver, outputText, tempFolder } from '../../support/local-run.js';

const REPORT = path.resolve(import.meta.dirname, '../../fixtures/nvidia-smi/driver-470-two-t4.xml');
const ALLOWED = 'grep Cpus_allowed_list /proc/self/status';
/** The highest CPU of this machine: CPU 0 alone could be all there is. */
const LAST = String(cpus().length - 1);
const withTaskset = spawnSync('taskset', ['-V']).status === 0 ? test : test.skip;

withTaskset('a command on this machine runs on the CPUs of its run, its waiting shell on all', async (t) => {
  const folder = await tempFolder(t);
  const leave = new AbortController();
  const driver = localDriver(leave.signal);
  const place = await driver.open({
    taskId: 'task',
    runFolder: path.join(folder, 'run'),
    workspace: path.join(folder, 'work'),
    reporter: { line: () => undefined, output: () => undefined },
    signal: leave.signal,
    task: { cpus: LAST } as PlaceTask,
  });
  t.teardown(async () => {
    await driver.dispose(place.ref);
    leave.abort();
  });
  const script = `${ALLOWED}; echo "$1"; grep Cpus_allowed_list /proc/$PPID/status`;
  const workload = await driver.launch(place, { argv: ['sh', '-c', script, 'sh', '$(id)'] });
  const [own, argument, shell] = (await outputText(workload)).trim().split('\n');
  t.is(own, `Cpus_allowed_list:\t${LAST}`);
  t.is(argument, '$(id)');
  const { stdout } = spawnSync('sh', ['-c', ALLOWED], { encoding: 'utf8' });
  t.is(shell, stdout.trim());
});

withTaskset('a task runs on the CPUs next to its GPUs where that is asked for', async (t) => {
  const agent = await agentUnderTest(t);
  const { folder, env } = agent.home;
  const bin = path.join(folder, 'gpu-bin');
  mkdirSync(bin);
  const topology = path.join(folder, 'topology');
  writeFileSync(
    topology,
    `\tGPU0\tGPU1\tCPU Affinity\tNUMA Affinity\nGPU0\t X \tSYS\t0\t0\nGPU1\tSYS\t X \t${LAST},9000\t1\n`,
  );
  const tool = `#!/bin/sh\nif [ "$1" = topo ]; then cat '${topology}'; else cat '${REPORT}'; fi\n`;
  writeFileSync(path.join(bin, 'nvidia-smi'), tool, { mode: 0o755 });
  Object.assign(env, { PATH: `${bin}:${env.PATH ?? ''}`, ROCM_PATH: '/nonexistent' });
  appendFileSync(path.join(folder, 'clearml.conf'), '\nagent.gpu_affinity: true\n');
  const id = await agent.enqueue({ binary: '/bin/sh', entry_point: 'main.sh', diff: `${ALLOWED}\n` });
  const daemon = agent.daemon('--gpus', '1');
  const task = await agent.ended(id);
  t.is(task.status, 'completed', daemon.output());
  t.true((await agent.log(id)).includes(`Cpus_allowed_list:\t${LAST}\n`), await agent.log(id));
});
