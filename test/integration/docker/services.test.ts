import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { serverConfText } from '../../../src/server/server.js';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { DockerEngine, TEST_ENGINE } from '../../support/docker-engine.js';
import { enterpriseFront } from '../../support/enterprise-front.js';
import { until } from '../../support/until.js';

const COUNT = 50;
/** Counts, then lives on until it is ended. */
const SERVICE = `i=0
while [ $i -lt ${COUNT} ]; do echo "line $i of $CLEARML_TASK_ID"; i=$((i+1)); sleep 0.1; done
echo "counted as $CLEARML_WORKER_ID, tags $CLEARML_WORKER_TAGS, service $CLEARML_AGENT_SERVICE_TASK"
echo "keys $(grep -c access_key $CLEARML_CONFIG_FILE), token $([ -n "$CLEARML_AUTH_TOKEN" ] && echo yes), vault $FROM_VAULT"
while true; do sleep 0.2; done
`;
/** Fails in its first life. */
const RESUMABLE = `[ -e /tmp/seen ] && echo "second life" && exit 0
touch /tmp/seen
echo "first life"
exit 3
`;
const PARENT = 'test:cpu:0';

test('services in containers: limit, kill -9, abort, restart policy, leaving them behind', async (t) => {
  t.timeout(180_000);
  const engine = await DockerEngine.startFor(t);
  await engine.makeBusybox('service:1');
  const agent = await agentUnderTest(t, {
    DOCKER_HOST: `unix://${engine.socket}`,
    CLEARML_AGENT_SERVICES_DOCKER_RESTART: 'on-failure:2;comment=resumable',
  });
  const front = await enterpriseFront(t, agent.server.url);
  const conf = serverConfText({ ...agent.server, url: front.url });
  writeFileSync(path.join(agent.home.folder, 'clearml.conf'), conf);
  front.owner = { user: 'ann', company: 'elsewhere' };
  front.vaults.set('ann', 'environment { FROM_VAULT: of-ann }');
  const words = [
    '--services-mode',
    '2',
    '--use-owner-token',
    '--child-report-tags',
    'app',
    '--docker',
    'service:1',
    '--network',
    'none',
  ];
  const enqueue = async (diff: string, comment = '') => {
    const { id } = await agent.call<{ id: string }>('tasks.create', {
      name: 'a service',
      type: 'service',
      comment,
      script: { binary: '/bin/sh', entry_point: 'main.sh', diff },
    });
    await agent.call('tasks.enqueue', { task: id, queue: agent.queue });
    return id;
  };
  const containers = async () => {
    const label = `label=clearml-parent-worker-id=${PARENT}`;
    const worker = TEST_ENGINE === 'podman' ? 'index .Labels' : '.Label';
    const format = `{{${worker} "clearml-worker-id"}} {{.State}}`;
    const found = await engine.docker(['ps', '-a', '--filter', label, '--format', format]);
    // Podman 4 says since when.
    return found
      .replaceAll(/ Up .*$/gm, ' running')
      .split('\n')
      .sort();
  };
  const counted = (id: string, from: () => string) =>
    until(async () => (await agent.log(id)).includes('vault '), { what: 'the count', context: from });

  let daemon = agent.daemon(...words);
  const first = await enqueue(SERVICE);
  const second = await enqueue(SERVICE);
  const third = await enqueue(RESUMABLE, 'resumable');
  const worker = (id: string) => `${PARENT}:service:${id}`;
  const inBoth = async () =>
    (await agent.log(first)).includes('line 5 ') && (await agent.log(second)).includes('line 5 ');
  await until(inBoth, { what: 'both services', context: daemon.output });
  t.deepEqual(await containers(), [`${worker(first)} running`, `${worker(second)} running`].sort());
  t.deepEqual(front.properties.get(PARENT), [{ key: 'max_num_instances', value: '2' }]);

  daemon.kill('SIGKILL');
  await daemon.exited;
  await sleep(1000);
  daemon = agent.daemon(...words);
  for (const id of [first, second]) {
    await counted(id, daemon.output);
    const log = (await agent.log(id)).replaceAll('\r', '');
    const lines = [...log.matchAll(/^line (\d+) of (\w+)$/gm)].map(([line]) => line);
    t.deepEqual(
      lines,
      Array.from({ length: COUNT }, (_, at) => `line ${at} of ${id}`),
    );
    t.true(log.includes(`counted as ${worker(id)}, tags app, service 1`), log.slice(-300));
    t.true(log.includes('keys 0, token yes, vault of-ann'), log.slice(-300));
  }
  const callers = (endpoint: string) =>
    [...new Set(front.calls.filter((call) => call.endpoint === endpoint).map(({ user }) => user))].sort();
  t.deepEqual(callers('events.add_batch'), ['ann']);
  t.deepEqual(callers('workers.status_report'), ['agent', 'ann']);
  t.is((await agent.task(third)).status, 'queued');

  await agent.call('tasks.stop', { task: first });
  t.is((await agent.ended(first)).status, 'stopped');
  const resumed = await agent.ended(third);
  t.is(resumed.status, 'completed', resumed.status_reason);
  t.regex(await agent.log(third), /^first life\r?\n[\s\S]*^second life\r?$/m);
  await until(async () => (await containers()).length === 1, {
    what: 'removed containers',
    context: daemon.output,
  });

  daemon.kill('SIGTERM');
  t.is((await daemon.exited).code, 0, daemon.output());
  t.deepEqual(await containers(), [`${worker(second)} running`]);
  t.is((await agent.task(second)).status, 'in_progress');
  daemon = agent.daemon(...words);
  await until(() => daemon.output().includes('attached again'), {
    what: 'the service',
    context: daemon.output,
  });
  await agent.call('tasks.stop', { task: second });
  t.is((await agent.ended(second)).status, 'stopped');
  await until(async () => (await containers()).join('') === '', { what: 'the last container to go' });
  daemon.kill('SIGTERM');
  t.is((await daemon.exited).code, 0);
});
