import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { causeLine } from '../../../src/errors.js';
import { startServer } from '../../../src/server/server.js';
import { serverUnderTest } from '../../support/embedded-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

const DAY_MS = 86_400_000;

test('logs, metrics and tasks go with their files when they are older than they may be, published ones stay', async (t) => {
  const clock = { ahead: 0 };
  const under = await serverUnderTest(t, {
    now: () => Date.now() + clock.ahead,
    retention: { logsMs: DAY_MS, metricsMs: 2 * DAY_MS, tasksMs: 3 * DAY_MS, everyMs: 50 },
  });
  const { call, refusal, server, folder } = under;
  const { accessKey, secretKey } = server.credentials;
  const authorization = `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}`;
  const uploads = ['artifact', 'image 1.png', 'drawing.png', 'model.pt'];
  const body = new FormData();
  for (const name of [...uploads, 'published.pt']) body.append(`one/${name}`, new Blob(['x']), 'x');
  await fetch(server.filesUrl, { method: 'POST', body, headers: { authorization } });
  const isThere = (name: string) => existsSync(path.join(folder, 'files/one', name));
  const make = async (end: string | undefined): Promise<string> => {
    const { id: task } = await call<{ id: string }>('tasks.create', { name: 'a task', type: 'training' });
    await call('tasks.started', { task });
    const at = { task, timestamp: Date.now() };
    await call('events.add_batch', [
      { ...at, type: 'log', msg: 'a line' },
      { ...at, type: 'training_stats_scalar', metric: 'm', variant: 'v', iter: 1, value: 2 },
    ]);
    const artifact = { key: 'a', type: 'custom', mode: 'output', uri: `${server.filesUrl}/one/artifact` };
    await call('tasks.add_or_update_artifacts', { task, artifacts: [artifact] });
    if (end !== undefined) await call(end, { task });
    return task;
  };
  const [finished, failed, running] = [
    await make('tasks.completed'),
    await make('tasks.failed'),
    await make(undefined),
  ];
  const image = { task: finished, type: 'training_debug_image', metric: 'm', variant: 'v', iter: 1 };
  const drawing = { layout: { images: [{ source: `${server.filesUrl}/one/drawing.png` }] } };
  await call('events.add_batch', [
    { ...image, url: `${server.filesUrl}/one/image%201.png` },
    { ...image, type: 'plot', plot_str: JSON.stringify(drawing) },
  ]);
  const model = { task: finished, name: 'a model', uri: `${server.filesUrl}/one/model.pt`, ready: false };
  await call('models.create', model);
  const published = await make('tasks.completed');
  const ready = { task: published, name: 'published', uri: `${server.filesUrl}/one/published.pt` };
  await call('models.create', { ...ready, ready: true });
  await call('tasks.publish', { task: published });
  const logOf = async (task: string) =>
    (await call<{ total: number }>('events.get_task_log', { task })).total;
  const pointsOf = async (task: string) =>
    Object.keys(await call('events.scalar_metrics_iter_histogram', { task })).length;

  clock.ahead = 1.5 * DAY_MS;
  await until(async () => (await logOf(finished)) === 0 && (await logOf(failed)) === 0, {
    what: 'old logs to go',
  });
  t.is(await pointsOf(finished), 1);
  t.is(await logOf(running), 1, 'a task that runs is not finished');
  clock.ahead = 2.5 * DAY_MS;
  await until(async () => (await pointsOf(finished)) === 0, { what: 'old metrics to go' });
  await until(() => !isThere('image 1.png') && !isThere('drawing.png'), { what: 'their images to go' });
  t.true(isThere('model.pt'));
  t.is(await pointsOf(running), 1);
  clock.ahead = 3.5 * DAY_MS;
  const isGone = async (task: string) => (await refusal('tasks.get_by_id', { task })) === '400/101';
  await until(async () => (await isGone(finished)) && (await isGone(failed)), { what: 'old tasks to go' });
  await until(() => !uploads.some(isThere), { what: 'artifact and model to go' });
  t.true(isThere('published.pt'));
  for (const task of [running, published])
    t.like(await call('tasks.get_by_id', { task }), { task: { id: task } });
});

test('the watchdog keeps the times of the configuration', async (t) => {
  const clock = { ahead: 0 };
  const lines: string[] = [];
  const log = { info: (line: string) => lines.push(line), error: (line: string) => lines.push(line) };
  const { call } = await serverUnderTest(t, {
    now: () => Date.now() + clock.ahead,
    watchdog: { everyMs: 50, silentMs: 600_000 },
    log,
  });
  const { id: task } = await call<{ id: string }>('tasks.create', { name: 'silent', type: 'training' });
  await call('tasks.started', { task });
  const status = async () =>
    (await call<{ task: { status: string } }>('tasks.get_by_id', { task })).task.status;
  clock.ahead = 500_000;
  t.is(await status(), 'in_progress');
  clock.ahead = 700_000;
  await until(async () => (await status()) === 'stopped', { what: 'the watchdog' });
  t.regex(lines.join('\n'), new RegExp(`watchdog: stopped without a sign of life: ${task}`));
});

test('a server that was killed checks its database beside the first requests, and tells of damage', async (t) => {
  const folder = temporaryFolder(t);
  const first = await startServer({ folder });
  await first.close();
  const file = path.join(folder, 'server.db');
  const whole = readFileSync(file);
  // The page of some table, here of the text index; the first page has the list of tables.
  writeFileSync(file, Buffer.concat([whole.subarray(0, -4096), Buffer.alloc(4096, 0xff)]));
  // What a server leaves that was killed.
  writeFileSync(`${file}-wal`, '');
  const told: string[] = [];
  const server = await startServer({
    folder,
    onFailure: (error, where) => told.push(`${where}: ${causeLine(error)}`),
  });
  t.teardown(() => server.close());
  await until(() => told.length > 0, { what: 'the failure of the check' });
  t.deepEqual(told, [`check of the database: the database ${file} is damaged`]);
  t.regex(await server.figures.metrics(), /^clearml_server_database_damaged 1$/m);
  t.is((await fetch(`${server.url}/debug.ping`)).status, 200);
});
