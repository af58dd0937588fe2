import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type AgentUnderTest, agentUnderTest } from '../../support/agent-under-test.js';
import { DockerEngine, TEST_ENGINE } from '../../support/docker-engine.js';
import { gpuMachine } from '../../support/gpu-machine.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

/** Says what it has, then runs until it is let go. */
const HOLDS = `echo "gpus=$NVIDIA_VISIBLE_DEVICES part=$CLEARML_AGENT_GPU_FRACTIONS worker=$CLEARML_WORKER_ID"
until [ -e /tmp/go ]; do sleep 0.05; done
`;
const QUEUES = ['pair=2', 'half=0.5'];

/**
 * An engine that has NVIDIA's container runtime hook: dockerd takes requests for GPUs only where it finds one, and names the
 * devices to it and to the container by NVIDIA_VISIBLE_DEVICES. This one has nothing to mount.
 */
async function gpuEngine(t: ExecutionContext): Promise<DockerEngine> {
  const programs = temporaryFolder(t);
  const hook = path.join(programs, 'nvidia-container-runtime-hook');
  writeFileSync(hook, '#!/bin/sh\nexec cat > /dev/null\n');
  chmodSync(hook, 0o755);
  const engine = await DockerEngine.start({ programs });
  t.teardown(() => engine.stop());
  await engine.makeBusybox('base:1');
  return engine;
}

function claims({ home }: AgentUnderTest): string[] {
  return readdirSync(path.join(home.folder, 'gpu-table')).filter((name) => name.startsWith('claim-'));
}

test('containers side by side have GPUs of their own, also after the daemon was killed', async (t) => {
  t.timeout(240_000);
  const engine = await gpuEngine(t);
  const agent = await agentUnderTest(t, { DOCKER_HOST: `unix://${engine.socket}` });
  mkdirSync(path.join(agent.home.folder, 'gpu-table'), { recursive: true });
  gpuMachine(agent.home, [{}, {}, {}, {}]);
  const queues = new Map<string, string>();
  for (const name of QUEUES.map((text) => text.split('=')[0] ?? '')) {
    const { id } = await agent.call<{ id: string }>('queues.create', { name });
    queues.set(name, id);
  }
  const start = () =>
    agent.agent(
      ...['daemon', '--dynamic-gpus', '--gpus', '0-3', '--queue', ...QUEUES, '--foreground'],
      ...['--docker', 'base:1', '--network', 'none'],
    );
  const enqueue = (queue: string) =>
    agent.enqueue({ binary: '/bin/sh', entry_point: 'main.sh', diff: HOLDS }, queues.get(queue));
  const said = async (task: string, daemon: { output(): string }) => {
    const text = await until(async () => /gpus=.*/.exec(await agent.log(task))?.[0], {
      what: `task ${task} to say what it has`,
      context: daemon.output,
    });
    const worker = /worker=(\S+)/.exec(text)?.[1] ?? '';
    const container = await engine.docker(['ps', '-q', '--filter', `label=clearml-worker-id=${worker}`]);
    const format = '{{json .HostConfig.DeviceRequests}}';
    const requests: { DeviceIDs: string[] }[] = JSON.parse(
      await engine.docker(['inspect', '--format', format, container]),
    );
    return { text, container, devices: requests.flatMap(({ DeviceIDs }) => DeviceIDs) };
  };
  const go = (container: string) => engine.docker(['exec', container, 'touch', '/tmp/go']);

  const released = () =>
    until(() => claims(agent).length === 0, { what: 'all claims to be released' }).then(() => undefined);

  const daemon = start();
  const one = await enqueue('pair');
  if (TEST_ENGINE === 'podman') {
    t.is((await agent.ended(one)).status, 'failed');
    // From 5.4 on it looks for a description of NVIDIA's devices, which this machine lacks.
    t.regex(await agent.log(one), /Podman \S+ gives containers no GPUs|CDI device/);
    return released();
  }
  const other = await enqueue('half');
  const [pair, half] = [await said(one, daemon), await said(other, daemon)];
  t.is(pair.devices.length, 2);
  t.is(half.devices.length, 1);
  t.is(new Set([...pair.devices, ...half.devices]).size, 3);
  const ids = pair.devices.join(',');
  t.is(pair.text, `gpus=${ids} part=1,1 worker=test:gpu${ids}`);
  t.is(half.text, `gpus=${half.devices[0]} part=0.5 worker=test:gpu${half.devices[0]}.5a`);

  daemon.kill('SIGKILL');
  await daemon.exited;
  t.is(claims(agent).length, 2, 'claims outlive the daemon');
  const next = start();
  await until(() => next.output().match(/attached again/g)?.length === 2, {
    what: 'both runs',
    context: next.output,
  });
  const waiting = await enqueue('pair');
  const third = await enqueue('half');
  const beside = await said(third, next);
  t.deepEqual(beside.devices, half.devices, 'the other half of the same GPU');
  t.is((await agent.task(waiting)).status, 'queued', 'one whole GPU is free');
  await go(pair.container);
  t.is((await agent.ended(one)).status, 'completed');
  const later = await said(waiting, next);
  t.is(new Set([...later.devices, ...half.devices]).size, 3);
  for (const { container } of [half, beside, later]) await go(container);
  for (const task of [other, third, waiting]) t.is((await agent.ended(task)).status, 'completed');
  await released();
  next.kill('SIGTERM');
  t.is((await next.exited).code, 0, next.output());
});
