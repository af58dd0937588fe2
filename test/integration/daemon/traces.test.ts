import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { otlpReceiver } from '../../support/otlp-receiver.js';
import { until } from '../../support/until.js';

/** Machines that run many tests at once are slow. */
const PATIENCE_MS = 170_000;

const SHELL = { binary: '/bin/sh', entry_point: 'main.sh' };
const PRELOAD = path.resolve(import.meta.dirname, '../../support/loaded-modules.cjs');

const JSON_TO = (url: string) => ({
  OTEL_EXPORTER_OTLP_ENDPOINT: url,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  CLEARML_AGENT_QUEUE_POLL_FREQ_SEC: '0.3',
});

test('a run is one trace: its phases below a root span that knows the task and its outcome', async (t) => {
  const collector = await otlpReceiver(t);
  const agent = await agentUnderTest(t, {
    ...JSON_TO(collector.url),
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20topsecretword',
    OTEL_SERVICE_NAME: 'rigs',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=lab',
  });
  const id = await agent.enqueue({
    ...SHELL,
    diff: 'echo "parent $TRACEPARENT"; echo topsecretword; exit 3',
  });
  const daemon = agent.daemon();
  t.is((await agent.ended(id, PATIENCE_MS)).status, 'failed', daemon.output());
  daemon.kill('SIGTERM');
  t.is((await daemon.exited).code, 0, daemon.output());
  const { spans, requests } = collector;
  const root = spans.find(({ name }) => name === 'task');
  if (root === undefined) return t.fail(`no root span in ${JSON.stringify(spans)}\n${daemon.output()}`);
  t.like(root.attributes, {
    'clearml.task.id': id,
    'clearml.queue.id': agent.queue,
    'clearml.worker.id': 'test:0',
    'clearml.task.outcome': 'failed',
    'clearml.task.failure_class': 'user_exit_code',
  });
  t.is(root.status.code, 2, 'an error');
  t.like(root.resource, { 'service.name': 'rigs', 'deployment.environment.name': 'lab' });
  const phases = spans.filter(({ parentSpanId }) => parentSpanId === root.spanId);
  t.deepEqual(phases.map(({ name }) => name).sort(), [
    'claim',
    'code',
    'environment',
    'launch',
    'place',
    'report',
    'run',
  ]);
  for (const { name, traceId, startTimeUnixNano, endTimeUnixNano } of spans) {
    t.is(traceId, root.traceId);
    t.true(BigInt(startTimeUnixNano) <= BigInt(endTimeUnixNano), name);
    t.true(BigInt(startTimeUnixNano) >= BigInt(root.startTimeUnixNano), name);
  }
  t.is(requests[0]?.path, '/v1/traces');
  t.is(requests[0]?.headers.authorization, 'Bearer topsecretword');
  const log = await agent.log(id);
  t.true(log.includes(`parent 00-${root.traceId}-${root.spanId}-01\n`), log);
  t.false(log.includes('topsecretword'), 'a login in a header is a secret');
});

test('a run that a later daemon finishes stays one trace', async (t) => {
  const collector = await otlpReceiver(t);
  const agent = await agentUnderTest(t, JSON_TO(collector.url));
  const go = path.join(agent.home.folder, 'go');
  const diff = `echo "parent $TRACEPARENT"; until [ -e '${go}' ]; do sleep 0.1; done`;
  const id = await agent.enqueue({ ...SHELL, diff });
  const first = agent.daemon();
  await until(async () => (await agent.log(id)).includes('parent 00-'), {
    what: 'the task',
    context: first.output,
    timeoutMs: PATIENCE_MS,
  });
  first.kill('SIGKILL');
  await first.exited;
  writeFileSync(go, '');
  const second = agent.daemon();
  t.is((await agent.ended(id, PATIENCE_MS)).status, 'completed', second.output());
  second.kill('SIGTERM');
  await second.exited;
  const roots = collector.spans.filter(({ name }) => name === 'task');
  t.is(roots.length, 1);
  const [root] = roots;
  t.true((await agent.log(id)).includes(`parent 00-${root?.traceId}-${root?.spanId}-01\n`));
  t.is(root?.attributes['clearml.task.outcome'], 'completed');
});

test('protobuf is what a collector gets unless it asks for JSON; execute exports, too', async (t) => {
  const collector = await otlpReceiver(t);
  const agent = await agentUnderTest(t, {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/custom/path`,
  });
  const id = await agent.enqueue({ ...SHELL, diff: 'echo hello' });
  const run = agent.agent('execute', '--id', id);
  t.is((await run.exited).code, 0, run.output());
  const [request] = collector.requests;
  t.is(request?.path, '/custom/path');
  t.is(request?.headers['content-type'], 'application/x-protobuf');
  t.true(
    collector.requests.some(({ bytes }) => bytes.includes(id)),
    'texts are readable in protobuf',
  );
});

test('a collector that is away costs a task nothing and its agent a bounded end', async (t) => {
  const agent = await agentUnderTest(t, JSON_TO('http://127.0.0.1:9'));
  const id = await agent.enqueue({ ...SHELL, diff: 'echo hello' });
  const run = agent.agent('execute', '--id', id);
  t.is((await run.exited).code, 0, run.output());
  t.is((await agent.task(id)).status, 'completed');
});

const LOADING: readonly (readonly [string, Record<string, string>, boolean])[] = [
  ['without an endpoint', {}, false],
  ['with an endpoint', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' }, true],
  [
    'where it is disabled',
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_SDK_DISABLED: 'true' },
    false,
  ],
  [
    'without an exporter',
    { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_TRACES_EXPORTER: 'none' },
    false,
  ],
];

for (const [when, variables, expected] of LOADING) {
  test(`the libraries of OpenTelemetry ${when}: ${expected ? 'loaded' : 'not loaded'}`, async (t) => {
    const agent = await agentUnderTest(t, variables);
    const file = path.join(agent.home.folder, 'loaded');
    Object.assign(agent.home.env, { NODE_OPTIONS: `--require ${PRELOAD}`, LOADED_MODULES: file });
    const daemon = agent.daemon();
    await until(() => daemon.output().includes('Listening to queues'), {
      what: 'the daemon',
      context: daemon.output,
      timeoutMs: PATIENCE_MS,
    });
    daemon.kill('SIGTERM');
    t.is((await daemon.exited).code, 0, daemon.output());
    const loaded = readFileSync(file, 'utf8');
    t.true(loaded.includes('node_modules'), 'the probe works');
    t.is(loaded.includes('@opentelemetry'), expected);
  });
}
