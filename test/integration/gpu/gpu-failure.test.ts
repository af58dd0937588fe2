import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { serverConfText } from '../../../src/server/server.js';
import { type AgentUnderTest, agentUnderTest } from '../../support/agent-under-test.js';
import { type EnterpriseFront, enterpriseFront } from '../../support/enterprise-front.js';
import { losingGpu } from '../../support/losing-gpu.js';
import { until } from '../../support/until.js';

const WORDS = ['--dynamic-gpus', '--gpus', '0-1', '--queue', 'one=1'];
const REASON = /GPU 1 \(GPU-\S+\) is gone from nvidia-smi/;

/** Two GPUs; a task on the second loses it where a file asks for that, and fails. */
async function failing(t: ExecutionContext, health: boolean) {
  const agent = await agentUnderTest(t, {
    CLEARML_AGENT__AGENT__GPU_HEALTH: String(health),
    CLEARML_AGENT_QUEUE_POLL_FREQ_SEC: '0.3',
  });
  const { folder } = agent.home;
  const hooked = path.join(folder, 'hooked');
  const hook = path.join(folder, 'hook.sh');
  const facts = ['TASK', 'WORKER', 'GPUS', 'GPU_FAULT'].map((name) => `$CLEARML_AGENT_HOOK_${name}`);
  writeFileSync(hook, `#!/bin/sh\necho "${facts.join('|')}" >> '${hooked}'\n`, { mode: 0o755 });
  const front = await enterpriseFront(t, agent.server.url);
  writeFileSync(
    path.join(folder, 'clearml.conf'),
    `${serverConfText({ ...agent.server, url: front.url })}
agent { hooks.on_gpu_failure: "${hook}", metrics.port: 0, retry.infrastructure: 0 }
`,
  );
  const gpu = losingGpu(agent);
  const { id: queue } = await agent.call<{ id: string }>('queues.create', { name: 'one' });
  const [loses, go] = [path.join(folder, 'loses'), path.join(folder, 'go')];
  const diff = `echo "on $CUDA_VISIBLE_DEVICES" > '${folder}'/on-$CLEARML_TASK_ID
until [ -e '${go}' ] || { [ -e '${loses}' ] && [ "$CUDA_VISIBLE_DEVICES" = 1 ]; }; do sleep 0.05; done
[ -e '${go}' ] && exit 0
touch '${gpu.lost}'
exit 5
`;
  const enqueue = () => agent.enqueue({ binary: '/bin/sh', entry_point: 'main.sh', diff }, queue);
  const device = (task: string) =>
    until(() => /\d/.exec(readIfThere(path.join(folder, `on-${task}`)))?.[0], {
      what: `task ${task} to run`,
    });
  const daemon = agent.agent('daemon', ...WORDS, '--foreground');
  const tasks = [await enqueue(), await enqueue()];
  const devices = await Promise.all(tasks.map(device));
  const on = (id: string) => tasks[devices.indexOf(id)] ?? '';
  writeFileSync(loses, '');
  return { agent, front, daemon, gpu, enqueue, device, first: on('0'), second: on('1'), hooked, loses, go };
}

function readIfThere(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function shownByServer({ properties }: EnterpriseFront): string {
  const shown = new Map(
    [properties.get('test:dgpu0-1') ?? []].flat().map((one) => {
      const { key, value }: { key?: string; value?: string } = { ...Object(one) };
      return [key, value];
    }),
  );
  return shown.get('out_of_service_gpus') ?? 'unknown';
}

async function printed(agent: AgentUnderTest, ...words: string[]): Promise<string> {
  const command = agent.agent(...words);
  const { code } = await command.exited;
  return code === 0 ? command.output() : `exit status ${code}\n${command.output()}`;
}

test('a GPU that fails under a task is out of service everywhere until it is enabled', async (t) => {
  const { agent, front, daemon, gpu, enqueue, device, first, second, hooked, loses, go } = await failing(
    t,
    true,
  );
  const ended = await agent.ended(second);
  t.deepEqual([ended.status, ended.runtime.failure_class], ['failed', 'gpu_fault'], daemon.output());
  t.regex(daemon.output(), /GPU 1 is out of service: .*; "agent gpus --enable 1" brings it back/);
  const url = /metrics are served on (\S+)/.exec(daemon.output())?.[1] ?? '';
  const page = await (await fetch(url)).text();
  t.regex(page, /^clearml_agent_gpu_in_service\{gpu="1",uuid="GPU-[^"]+"\} 0$/m);
  t.regex(page, /^clearml_agent_gpu_in_service\{gpu="0",uuid="GPU-[^"]+"\} 1$/m);
  await until(() => new RegExp(`^1 \\(${REASON.source}\\)$`).test(shownByServer(front)), {
    what: 'the property of the worker',
    context: () => shownByServer(front),
  });
  for (const words of [['list'], ['daemon', '--status', ...WORDS], ['gpus'], ['top']])
    t.regex(await printed(agent, ...words), REASON, words.join(' '));
  const calls = () => readIfThere(hooked).trim().split('\n').filter(Boolean);
  const told = await until(() => calls().find((line) => line.startsWith(second)), { what: 'the hook' });
  t.regex(told, new RegExp(`^${second}\\|test:gpu1\\|1\\|${REASON.source}$`));

  const waiting = await enqueue();
  await until(() => daemon.output().includes('tasks wait: GPU 1 is out of service'), {
    what: 'the daemon to say why the task waits',
    context: daemon.output,
  });
  t.is((await agent.task(waiting)).status, 'queued');
  rmSync(loses);
  gpu.repair();
  t.regex(await printed(agent, 'gpus', '--enable', '1'), /in service/);
  t.is(await device(waiting), '1', 'the daemon gives it out again');
  writeFileSync(go, '');
  for (const task of [first, waiting]) t.is((await agent.ended(task)).status, 'completed');
  await until(() => shownByServer(front) === '', { what: 'the property to be empty' });
  t.notRegex(await printed(agent, 'top'), REASON);
});

test('without agent.gpu_health the failure is told, and the GPU stays in service', async (t) => {
  const { agent, front, daemon, second, hooked } = await failing(t, false);
  t.is((await agent.ended(second)).runtime.failure_class, 'gpu_fault', daemon.output());
  await until(() => readIfThere(hooked).startsWith(second), { what: 'the hook' });
  t.notRegex(await printed(agent, 'gpus'), /out of service/);
  t.is(shownByServer(front), '');
});
