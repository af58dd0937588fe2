import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { DockerWorkload } from '../../../src/drivers/docker/docker-workload.js';
import { FileOutput } from '../../../src/drivers/docker/output/file-output.js';
import type { Workload } from '../../../src/drivers/driver.js';
import { type DockerBenchOptions, dockerBench, readOutput } from '../../support/docker-bench.js';
import { DockerEngine, sharedEngine, TEST_ENGINE } from '../../support/docker-engine.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

async function bench(t: ExecutionContext, options: Omit<DockerBenchOptions, 'env'> = {}) {
  t.timeout(120_000);
  const engine = await engineFor(t);
  const made = await dockerBench(t, { ...options, env: { DOCKER_HOST: `unix://${engine.socket}` } });
  return { ...made, engine };
}

async function launch(t: ExecutionContext, script: string, options: Omit<DockerBenchOptions, 'env'> = {}) {
  const made = await bench(t, options);
  const place = await made.driver.open(made.request);
  const workload = await made.driver.launch(place, { argv: ['sh', '-c', script] });
  return { ...made, workload, container: String(workload.ref.container) };
}

const engineFor = sharedEngine(test, async (engine) => {
  await engine.makeBusybox('base:1');
});

test('a container outlives a killed engine and its output stays whole', async (t) => {
  t.timeout(120_000);
  const engine = await DockerEngine.start({ config: { 'live-restore': true } });
  t.teardown(() => engine.stop());
  await engine.makeBusybox('base:1');
  const { driver, client, request } = await dockerBench(t, {
    env: { DOCKER_HOST: `unix://${engine.socket}` },
  });
  const script = 'i=0; while [ $i -lt 60 ]; do echo "line $i"; i=$((i+1)); sleep 0.1; done; exit 5';
  const workload = await driver.launch(await driver.open(request), { argv: ['sh', '-c', script] });
  const output = readOutput(workload);
  await sleep(800);
  await engine.kill();
  await sleep(500);
  await engine.startAgain();
  t.is((await output).text, Array.from({ length: 60 }, (_, i) => `line ${i}\n`).join(''));
  t.deepEqual(await workload.exited, { kind: 'exited', code: 5 });
  await driver.dispose(workload.ref);

  const left = await driver.launch(await driver.open({ ...request, taskId: 'T2' }), {
    argv: ['sleep', '99'],
  });
  const impatient = new DockerWorkload({
    engine: client,
    ref: left.ref,
    output: new FileOutput(left.ref.output),
    signal: new AbortController().signal,
    patienceMs: 500,
  });
  await engine.kill();
  const exit = await impatient.exited;
  t.like(exit, { kind: 'lost' });
  t.regex(exit.kind === 'lost' ? exit.reason : '', /no container engine answers at unix:/);
  await t.throwsAsync(driver.dispose(left.ref), { message: /no container engine answers/ });
  await engine.startAgain();
  await driver.dispose(left.ref);
  t.is(await engine.docker(['ps', '-aq']), '');
});

test('an engine that is away when a stop begins does not take the grace from the command', async (t) => {
  t.timeout(120_000);
  const engine = await DockerEngine.start({ config: { 'live-restore': true } });
  t.teardown(() => engine.stop());
  await engine.makeBusybox('base:1');
  const { driver, request } = await dockerBench(t, { env: { DOCKER_HOST: `unix://${engine.socket}` } });
  const script = 'trap "echo saving; exit 5" TERM; echo up; while :; do sleep 0.1; done';
  const workload = await driver.launch(await driver.open(request), { argv: ['sh', '-c', script] });
  await begun(workload);
  await engine.kill();
  const stopped = workload.stop(60_000);
  await engine.startAgain();
  await stopped;
  t.deepEqual(await workload.exited, { kind: 'exited', code: 5 });
  t.is((await readOutput(workload)).text, 'up\nsaving\n');
  await driver.dispose(workload.ref);
});

test('a restart policy ends a task only when the engine gives up', async (t) => {
  const { driver, workload } = await launch(t, 'echo "run at $(date +%s)"; exit 6', {
    args: ['--restart', 'on-failure:2'],
  });
  const { text } = await readOutput(workload);
  t.is(text.match(/run at/g)?.length, 3);
  t.deepEqual(await workload.exited, { kind: 'exited', code: 6 });
  await driver.dispose(workload.ref);
});

test('a container that is always restarted ends when it is stopped', async (t) => {
  const { driver, client, workload, container } = await launch(t, 'echo up; sleep 0.3', {
    args: ['--restart', 'always'],
  });
  await until(async () => ((await client.inspect(container))?.restart.count ?? 0) > 1, { what: 'restarts' });
  await workload.stop(1000);
  t.false((await client.inspect(container))?.running);
  t.not((await workload.exited).kind, 'lost');
  t.regex((await readOutput(workload)).text, /^(up\n){2,}$/);
  await driver.dispose(workload.ref);
});

test('the stop signal is the one of the image, also in a paused container', async (t) => {
  const { driver, engine, workload, container } = await launch(
    t,
    'trap "echo asked; exit 9" USR1; echo up; while :; do sleep 0.1; done',
    { args: ['--stop-signal', 'SIGUSR1'] },
  );
  await begun(workload);
  // runc gives up freezing a container that starts processes all the time: "unable to freeze".
  const paused = () => engine.docker(['pause', container]).catch(() => undefined);
  await until(paused, { what: 'the container to be paused' });
  await workload.stop(60_000);
  t.is((await readOutput(workload)).text, 'up\nasked\n');
  t.deepEqual(await workload.exited, { kind: 'exited', code: 9 });
  await driver.dispose(workload.ref);
});

test('a command below an init gets its grace', async (t) => {
  const script = 'trap "echo saving; sleep 1; exit 5" TERM; echo up; while :; do sleep 0.1; done';
  const { driver, workload } = await launch(t, script, { args: ['--init'] });
  await begun(workload);
  await workload.stop(60_000);
  t.deepEqual(await workload.exited, { kind: 'exited', code: 5 });
  t.is((await readOutput(workload)).text, 'up\nsaving\n');
  await driver.dispose(workload.ref);
});

test('a line of ten million bytes comes through', async (t) => {
  const { driver, workload } = await launch(t, 'yes | tr -d "\\n" | head -c 10000000; echo; echo end', {
    args: ['-t'],
  });
  const { text } = await readOutput(workload);
  t.is(text.length, 10_000_000 + '\nend\n'.length);
  t.true(/^y+\nend\n$/.test(text));
  await driver.dispose(workload.ref);
});

test('a command that loses a process to a lack of memory says so', async (t) => {
  const { driver, workload } = await launch(t, 'tail /dev/zero; echo "left with $?"; exit 1', {
    args: ['-m', '24m', '--memory-swap', '24m'],
  });
  t.deepEqual(await workload.exited, { kind: 'exited', code: 1, oomKilled: true });
  await driver.dispose(workload.ref);
});

for (const args of ['-t', '--log-opt max-size=1k', '']) {
  test(`a step of the set-up that is killed for memory does not explain the end of the command: ${args}`, async (t) => {
    const { driver, request } = await bench(t, {
      args: ['-m', '24m', '--memory-swap', '24m', ...args.split(' ').filter(Boolean)],
    });
    const place = await driver.open(request);
    t.is((await place.exec({ argv: ['tail', '/dev/zero'] })).exitCode, 137);
    const workload = await driver.launch(place, { argv: ['sh', '-c', 'exit 1'] });
    t.deepEqual(await workload.exited, { kind: 'exited', code: 1 });
    await driver.dispose(workload.ref);
  });
}

test('a container that is removed from outside has ended', async (t) => {
  const { engine, workload, container } = await launch(t, 'echo up; sleep 99');
  await begun(workload);
  await engine.docker(['rm', '-f', container]);
  // Which of the two is seen depends on when the engine is asked.
  const exits = [
    { kind: 'lost', reason: 'its container was removed from outside' },
    { kind: 'signalled', signal: 'SIGKILL' },
  ];
  const exit = await workload.exited;
  t.deepEqual(
    exit,
    exits.find(({ kind }) => kind === exit.kind),
  );
  t.is((await readOutput(workload)).text, 'up\n');
});

test('a container is kept where its arguments ask for it', async (t) => {
  const { driver, client, engine, workload, container } = await launch(t, 'echo kept', {
    args: ['--rm=false'],
  });
  await workload.exited;
  await driver.dispose(JSON.parse(JSON.stringify(workload.ref)));
  t.deepEqual(await driver.collect(path.dirname(String(workload.ref.runFolder)), new Set()), []);
  t.false((await client.inspect(container))?.running);
  t.regex(await engine.docker(['logs', container]), /is in the log of its ClearML task/);
  await client.remove(container);
});

const OTHER_LOG = TEST_ENGINE === 'podman' ? 'k8s-file' : 'local';
for (const flags of ['--log-driver none', '--log-opt max-size=1k', `--log-driver ${OTHER_LOG}`]) {
  test(`output does not depend on the engine's own log: ${flags}`, async (t) => {
    const script = 'i=0; while [ $i -lt 5000 ]; do echo "line $i"; i=$((i+1)); done; exit 2';
    const { driver, workload } = await launch(t, script, { args: flags.split(' ') });
    const { text } = await readOutput(workload);
    t.is(text, Array.from({ length: 5000 }, (_, i) => `line ${i}\n`).join(''));
    t.deepEqual(await workload.exited, { kind: 'exited', code: 2 });
    await driver.dispose(workload.ref);
  });
}

test('a progress bar without a line end is read as it grows', async (t) => {
  const script =
    'printf "10%%\\r"; read -r go < /.clearml.workspace/next; printf "20%%\\r"; read -r go < /.clearml.workspace/next';
  const { driver, request, workload } = await launch(t, `mkfifo /.clearml.workspace/next; ${script}`);
  const next = path.join(request.workspace, 'next');
  const seen: string[] = [];
  let pipe: number | undefined;
  for await (const { data } of workload.output(0, new AbortController().signal)) {
    seen.push(Buffer.from(data).toString());
    // Open for both ends as long as the command reads: it waits for no reader, and no reader sees an end between two lines.
    pipe ??= fs.openSync(next, 'r+');
    fs.writeSync(pipe, 'go\n');
  }
  fs.closeSync(pipe ?? -1);
  t.deepEqual(seen, ['10%\r', '20%\r']);
  await driver.dispose(workload.ref);
});

for (const files of ['mounted', 'uploaded'] as const) {
  test(`output is read on by a later driver, each byte once, with files ${files}`, async (t) => {
    const script =
      'i=0; while [ $i -lt 60 ]; do printf "ä%s;" $i; i=$((i+1)); sleep 0.05; done; yes | head -c 3000000; exit 4';
    const { driver, workload } = await launch(t, script, { driver: { files }, args: ['-t'] });
    const first: Uint8Array[] = [];
    let position = 0;
    for await (const chunk of workload.output(0, new AbortController().signal)) {
      first.push(chunk.data);
      position = chunk.position;
      if (Buffer.concat(first).includes('7;')) break;
    }
    const later = await bench(t, { driver: { files } });
    const found = await later.driver.attach(JSON.parse(JSON.stringify(workload.ref)));
    if (found === undefined) return t.fail('not found');
    const rest = await readOutput(found, position);
    const bars = Array.from({ length: 60 }, (_, i) => `ä${i};`).join('');
    t.true(Buffer.concat(first).toString() + rest.text === bars + 'y\n'.repeat(1_500_000));
    t.deepEqual(await found.exited, { kind: 'exited', code: 4 });
    await driver.dispose(workload.ref);
  });
}

for (const files of ['mounted', 'uploaded'] as const) {
  test(`a command whose launch was not noted is found by its place, with files ${files}`, async (t) => {
    const made = await bench(t, { driver: { files } });
    const place = await made.driver.open(made.request);
    t.is(await made.driver.find(place.ref), undefined, 'not before it is launched');
    const script = 'echo begun; until [ -e /tmp/go ]; do sleep 0.1; done; echo ended; exit 4';
    const workload = await made.driver.launch(place, { argv: ['sh', '-c', script] });
    const later = await bench(t, { driver: { files } });
    const ref = await later.driver.find(JSON.parse(JSON.stringify(place.ref)));
    t.deepEqual(ref, workload.ref);
    const found = ref && (await later.driver.attach(ref));
    await made.engine.docker(['exec', String(place.ref.container), 'touch', '/tmp/go']);
    t.deepEqual(await found?.exited, { kind: 'exited', code: 4 });
    const ended = await later.driver.find(place.ref);
    t.deepEqual(ended, workload.ref, 'also when it has ended');
    const again = ended && (await later.driver.attach(ended));
    t.is(again && (await readOutput(again, 0)).text, 'begun\nended\n');
    await later.driver.dispose(place.ref);
    t.is(await later.driver.find(place.ref), undefined);
  });
}

test('a command that was released, and whose pipe was not written to, begins when it is found', async (t) => {
  const { driver, request } = await bench(t, { driver: { files: 'mounted' } });
  const place = await driver.open(request);
  const control = path.join(request.runFolder, 'container');
  fs.writeFileSync(path.join(control, 'start'), 'exec >> /.clearml.output 2>&1\nexec echo ran\n');
  const ref = await driver.find(place.ref);
  const found = ref && (await driver.attach(ref));
  t.deepEqual(await found?.exited, { kind: 'exited', code: 0 });
  t.is(found && (await readOutput(found, 0)).text, 'ran\n');
  await driver.dispose(place.ref);
});

test('a link that a task puts in the place of its output leads nowhere', async (t) => {
  const secret = path.join(temporaryFolder(t), 'secret');
  fs.writeFileSync(secret, 'SECRET\n');
  const script = `echo before; ln -sf ${secret} /.clearml.output; rm -f /.clearml.output; mv /.clearml.output /x; echo after`;
  const { driver, workload } = await launch(t, script);
  await workload.exited;
  const later = await driver.attach(JSON.parse(JSON.stringify(workload.ref)));
  const { text } = await readOutput(later ?? workload);
  t.regex(text, /^before\n.*after\n$/s);
  t.notRegex(text, /SECRET/);
  await driver.dispose(workload.ref);
});

async function begun(workload: Workload): Promise<void> {
  for await (const _ of workload.output(0, new AbortController().signal)) return;
}
