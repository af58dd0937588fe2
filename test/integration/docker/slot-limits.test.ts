import test from 'ava';
import { agentUnderTest, userProperties } from '../../support/agent-under-test.js';
import { DockerEngine } from '../../support/docker-engine.js';
import { until } from '../../support/until.js';

const MIB = 1024 ** 2;
const HOLDS = 'echo begun\nwhile true; do sleep 0.1; done\n';

test('containers of slots have the limits that their tasks state, else their part of the whole', async (t) => {
  t.timeout(180_000);
  const engine = await DockerEngine.startFor(t);
  await engine.makeBusybox('slots:1');
  const agent = await agentUnderTest(t, {
    DOCKER_HOST: `unix://${engine.socket}`,
    CLEARML_AGENT__AGENT__SLOTS_CPUS: '2',
    CLEARML_AGENT__AGENT__SLOTS_MEMORY: '2G',
  });
  const enqueue = (fields: Record<string, unknown>) =>
    agent.enqueue({ binary: '/bin/sh', entry_point: 'main.sh', diff: HOLDS }, undefined, fields);
  const daemon = agent.daemon('--slots', '4', '--docker', 'slots:1', '--network', 'none');
  const container = { image: 'slots:1', arguments: '--network none --memory 300m' };
  const cases: [fields: Record<string, unknown>, limits: { NanoCpus: number; Memory: number }][] = [
    [userProperties({ cpus: '0.25', memory: '256M' }), { NanoCpus: 0.25e9, Memory: 256 * MIB }],
    [{}, { NanoCpus: 0.5e9, Memory: 512 * MIB }],
    [
      { ...userProperties({ memory: '256M' }), container },
      { NanoCpus: 0.5e9, Memory: 300 * MIB },
    ],
  ];
  const tasks = [];
  for (const [fields] of cases) tasks.push(await enqueue(fields));
  for (const [at, task] of tasks.entries()) {
    await until(async () => (await agent.log(task)).includes('begun'), {
      what: `task ${at} to begin`,
      context: daemon.output,
    });
    const label = (await agent.task(task)).last_worker;
    const id = await engine.docker(['ps', '-q', '--filter', `label=clearml-worker-id=${label}`]);
    const [found] = JSON.parse(await engine.docker(['inspect', id.trim()]));
    const { NanoCpus, Memory } = found.HostConfig;
    t.deepEqual({ NanoCpus, Memory }, cases[at]?.[1]);
  }
});
