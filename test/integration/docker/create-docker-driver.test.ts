import fs from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { createDockerDriver } from '../../../src/drivers/docker/create-docker-driver.js';
import type { PlanOutcome } from '../../../src/drivers/module.js';
import { DockerEngine } from '../../support/docker-engine.js';
import { flatConfig } from '../../support/flat-config.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

test('a task runs in the container that the configuration and the task ask for', async (t) => {
  t.timeout(120_000);
  const engine = await DockerEngine.startFor(t);
  await engine.makeBusybox('base:1', ['ENV FROM_IMAGE=yes']);
  const home = temporaryFolder(t);
  fs.mkdirSync(path.join(home, '.ssh'));
  fs.writeFileSync(path.join(home, '.ssh/id_test'), 'key\n');
  const outcomes: PlanOutcome[] = [];
  const record = {
    id: 'T1',
    container: {
      image: 'base:1',
      arguments: '--network none -e "GREETING=hello there"',
      setup_shell_script: 'export MADE=here',
    },
  };
  const config = flatConfig({
    config: { 'agent.extra_docker_shell_script': ['echo preparing'] },
    env: {
      ...definedOnly(process.env),
      HOME: home,
      DOCKER_HOST: `unix://${engine.socket}`,
      SSH_AUTH_SOCK: '',
    },
  });
  const driver = await createDockerDriver({
    config,
    home,
    engine: 'docker',
    flag: [],
    workerId: 'host:gpu0',
    queueName: async () => undefined,
    hasGpus: async () => false,
    forImage: false,
    warn: (text) => t.fail(text),
    signal: new AbortController().signal,
    describe: async () => ({
      document: record,
      projectName: 'p',
      configText: '{"agent": {}}\n',
      advanced: false,
      vaultVariables: [],
    }),
    planned: async (_, outcome) => void outcomes.push(outcome),
  });
  const lines: string[] = [];
  const printed: string[] = [];
  const place = await driver.open({
    taskId: 'T1',
    runFolder: path.join(home, 'run'),
    workspace: path.join(home, 'workspace'),
    reporter: { line: (text) => lines.push(text), output: (text) => void printed.push(text) },
    signal: new AbortController().signal,
    task: {
      record,
      config,
      queue: undefined,
      workerId: 'host:gpu0',
      workerTags: [],
      serviceTask: false,
    },
  });
  t.is(printed.join(''), 'preparing\n');
  t.regex(
    lines.join('\n'),
    /docker run -t --network none -e 'GREETING=hello there' -l clearml-worker-id=host:gpu0/,
  );
  const script =
    'cat "$CLEARML_CONFIG_FILE" ~/.ssh/id_test; echo "$GREETING $MADE $CLEARML_TASK_ID $CLEARML_DOCKER_IMAGE"';
  const workload = await driver.launch(place, { argv: ['sh', '-c', script] });
  let text = '';
  for await (const { data } of workload.output(0, new AbortController().signal))
    text += Buffer.from(data).toString();
  t.is(text, '{"agent": {}}\nkey\nhello there here T1 base:1\n');
  t.deepEqual(await workload.exited, { kind: 'exited', code: 0 });
  t.like(outcomes[0], { writeBack: undefined, runtime: {} });
  await driver.dispose(workload.ref);
});

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
