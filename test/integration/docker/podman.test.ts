import fs from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import test from 'ava';
import { Engine } from '../../../src/drivers/docker/engine.js';
import { dockerBench, readOutput } from '../../support/docker-bench.js';
import { podmanSetting } from '../../support/podman-setting.js';
import { until } from '../../support/until.js';

/** Of the service, which no container may see. */
process.env.FROM_SERVICE = 'secret';

test("tasks run in Podman's containers, by a service that is started, found and started again", async (t) => {
  t.timeout(120_000);
  const { env, socket, podman, makeBusybox, services } = podmanSetting(t);
  await makeBusybox('base:1');
  const [first, second] = await Promise.all([Engine.connect(env, 'podman'), Engine.connect(env, 'podman')]);
  t.is(services().length, 1);
  t.is(first.socket, socket);
  t.is(second.address, `unix://${socket}`);
  t.true((await first.facts()).podman);

  const { driver, client, request } = await dockerBench(t, {
    env: { ...env, HOME: '/of/the/agent' },
    engine: 'podman',
    args: ['-t', '-e', 'HOME', '-e', 'FROM_SERVICE'],
  });
  t.is(services().length, 1);
  const place = await driver.open(request);
  fs.writeFileSync(path.join(request.workspace, 'note'), 'from the host\n');
  t.like(place, { sharesFiles: true });
  const cwd = place.inside(request.workspace);
  t.is((await place.exec({ argv: ['cat', 'note'], cwd })).stdout, 'from the host\n');
  const variables = { argv: ['env'], env: { PYTHONHOME: undefined, TERM: undefined, NEW: '1' } } as const;
  const seen = (await place.exec(variables)).stdout.split('\n');
  t.deepEqual(
    seen.filter((line) => /^(HOME|FROM_SERVICE|PYTHONHOME|TERM|NEW)=/.test(line)),
    ['NEW=1'],
  );
  for (const pid of services()) process.kill(pid, 'SIGKILL');
  await until(() => refuses(socket), { what: 'the end of the service' });
  t.is((await place.exec({ argv: ['sh', '-c', 'echo again; exit 3'] })).exitCode, 3);
  t.is(services().length, 1);
  const workload = await driver.launch(place, {
    argv: ['sh', '-c', 'echo "pid $$"; sleep 1; echo end; exit 7'],
  });
  t.is((await readOutput(workload)).text, 'pid 1\nend\n');
  t.deepEqual(await workload.exited, { kind: 'exited', code: 7 });
  await driver.dispose(workload.ref);
  t.is(await client.inspect(String(workload.ref.container)), undefined);

  const stubborn = await driver.launch(await driver.open(request), {
    argv: ['sh', '-c', 'trap "" TERM; echo up; while :; do sleep 0.1; done'],
  });
  for await (const _ of stubborn.output(0, new AbortController().signal)) break;
  await stubborn.stop(500);
  t.deepEqual(await stubborn.exited, { kind: 'signalled', signal: 'SIGKILL' });
  await driver.dispose(stubborn.ref);
  t.is(await podman(['ps', '-aq']), '');

  const lines = await driver.launch(await driver.open(request), {
    argv: ['sh', '-c', 'i=0; while [ $i -lt 40 ]; do echo "line $i"; i=$((i+1)); sleep 0.05; done'],
  });
  let text = '';
  let position = 0;
  for await (const chunk of lines.output(0, new AbortController().signal)) {
    text += Buffer.from(chunk.data).toString();
    position = chunk.position;
    if (text.includes('line 7\n')) break;
  }
  for (const pid of services()) process.kill(pid, 'SIGKILL');
  await until(() => refuses(socket), { what: 'the end of the service' });
  const later = await dockerBench(t, { env, engine: 'podman' });
  const found = await later.driver.attach(JSON.parse(JSON.stringify(lines.ref)));
  if (found === undefined) return t.fail('not found');
  text += (await readOutput(found, position)).text;
  t.is(text, Array.from({ length: 40 }, (_, i) => `line ${i}\n`).join(''));
  t.deepEqual(await found.exited, { kind: 'exited', code: 0 });
  await driver.dispose(lines.ref);

  const nowhere = path.join(path.dirname(socket), 'nowhere');
  for (const args of [
    ['-v', `${nowhere}:/x`],
    ['--mount', `type=bind,source=${nowhere},target=/x`],
  ]) {
    const unmounted = await dockerBench(t, { env, engine: 'podman', args });
    await t.throwsAsync(unmounted.driver.open(unmounted.request), { message: /nowhere does not exist$/ });
  }
  t.false(fs.existsSync(nowhere), 'no folder is made on the host');

  // Podman reads both as patterns.
  await podman(['create', '--label', 'test=1', 'base:1', 'true']);
  t.deepEqual(await client.list(['test=']), []);
  t.deepEqual(await client.list(['tes*']), []);
  t.is((await client.list(['test=1'])).length, 1);
  await podman(['rm', '--all']);

  const missing = await dockerBench(t, { env, engine: 'podman', image: 'localhost/none:1' });
  await t.throwsAsync(missing.driver.open(missing.request), { message: /cannot pull localhost\/none:1: / });
  const hidden = await dockerBench(t, { env, engine: 'podman', driver: { engineSees: elsewhere } });
  const uploaded = await hidden.driver.open(hidden.request);
  t.like(uploaded, { sharesFiles: false });
  const note = path.join(hidden.request.workspace, 'note');
  fs.writeFileSync(uploaded.staging?.of(note) ?? '', 'uploaded\n');
  await uploaded.staging?.handOver(note);
  const reader = await hidden.driver.launch(uploaded, {
    argv: ['cat', 'note'],
    cwd: uploaded.inside(hidden.request.workspace),
  });
  t.is((await readOutput(reader)).text, 'uploaded\n');
  await hidden.driver.dispose(reader.ref);
  t.is(await podman(['ps', '-aq']), '');
});

function refuses(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket, () => connection.destroy()).once('error', () => resolve(true));
    connection.once('close', () => resolve(false));
  });
}

/** What an engine on another machine finds under the agent's paths. */
function elsewhere(file: string): string {
  return path.join(path.dirname(path.dirname(file)), 'not-here', path.basename(file));
}

test('a Podman that is named is only asked', async (t) => {
  const { env, services } = podmanSetting(t);
  const CONTAINER_HOST = 'unix:///nowhere/podman.sock';
  await t.throwsAsync(Engine.connect({ ...env, CONTAINER_HOST }, 'podman'), {
    message: /answers at unix:\/\/\/nowhere\/podman.sock \(CONTAINER_HOST\): there is no such socket/,
  });
  await t.throwsAsync(Engine.connect({ ...env, CONTAINER_HOST: 'ssh://u@h/run/podman.sock' }, 'podman'), {
    message: /CONTAINER_HOST: ssh addresses are for Docker/,
  });
  t.deepEqual(services(), []);
});

test('a missing Podman is an error that names it', async (t) => {
  const { env } = podmanSetting(t);
  await t.throwsAsync(Engine.connect({ ...env, PATH: '/nowhere' }, 'podman'), {
    message: 'cannot run podman: it is not in PATH (/nowhere)',
  });
});
