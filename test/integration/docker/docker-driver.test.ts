import fs from 'node:fs';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ContainerPlace } from '../../../src/drivers/container/container-place.js';
import { Engine } from '../../../src/drivers/docker/engine.js';
import { imageKey } from '../../../src/drivers/docker/image/inspect-image.js';
import {
  type DockerBench,
  type DockerBenchOptions,
  dockerBench,
  readOutput,
} from '../../support/docker-bench.js';
import { sharedEngine, TEST_ENGINE } from '../../support/docker-engine.js';

const engineFor = sharedEngine(test, async (engine) => {
  await engine.makeBusybox('base:1', ['ENV FROM_IMAGE=yes']);
  await engine.makeBusybox('user:1', ['USER 1000:1000']);
  await engine.makeBusybox('directory-user:1', ['USER 1600001234:1600005678']);
  await engine.docker(['tag', 'base:1', '127.0.0.1:1/base:1']);
  await engine.makeBusybox('variable:1', ['ENV FROM_IMAGE=no']);
  await engine.makeBusybox('entry:1', ['ENTRYPOINT ["/bin/false"]']);
});

async function bench(
  t: ExecutionContext,
  options: Omit<DockerBenchOptions, 'env'> = {},
): Promise<DockerBench> {
  const engine = await engineFor(t);
  return dockerBench(t, { ...options, env: { DOCKER_HOST: `unix://${engine.socket}` } });
}

test('a command runs as the first process of its container', async (t) => {
  const { driver, client, request } = await bench(t);
  const place = await driver.open(request);
  fs.writeFileSync(path.join(request.workspace, 'note'), 'from the host');
  const step = await place.exec({
    argv: ['sh', '-c', 'cat note; echo "$EXTRA"; echo bad >&2; exit 3'],
    cwd: place.inside(request.workspace),
    env: { EXTRA: 'x y' },
  });
  t.deepEqual(step, { exitCode: 3, stdout: 'from the hostx y\n', stderr: 'bad\n' });
  await place.write('/tmp/deep/file', "it's\n", 0o640);
  t.is(await place.read('/tmp/deep/file'), "it's\n");
  t.is(await place.read('/tmp/none'), undefined);
  const script = 'echo "pid $$ in $(pwd) with $A and $FROM_IMAGE"; echo late; exit 7';
  const workload = await driver.launch(place, {
    argv: ['sh', '-c', script],
    cwd: '/tmp',
    env: { A: "it's" },
  });
  t.is((await readOutput(workload)).text, "pid 1 in /tmp with it's and yes\nlate\n");
  t.deepEqual(await workload.exited, { kind: 'exited', code: 7 });
  await driver.dispose(workload.ref);
  t.is(await client.inspect(String(workload.ref.container)), undefined);
});

test('what set-up scripts export is what later steps and the command see', async (t) => {
  const scripts = [
    { name: 'first', text: 'export ONE="1\n2"\nfalse\nif true; then\n  echo "in a block"\nfi' },
    { name: 'second', text: 'cat <<END\nhere $ONE\nEND\nexport TWO=$((1 + 1))' },
  ];
  const { driver, request, printed } = await bench(t, { scripts });
  const place = await driver.open(request);
  t.is(printed(), 'in a block\nhere 1\n2\n');
  const environment = await place.environment();
  t.like(environment, { ONE: '1\n2', TWO: '2', FROM_IMAGE: 'yes' });
  t.is((await place.exec({ argv: ['sh', '-c', 'echo "$TWO$ONE"'] })).stdout, '21\n2\n');
  const workload = await driver.launch(place, { argv: ['sh', '-c', 'echo "$ONE:$TWO"'] });
  t.is((await readOutput(workload)).text, '1\n2:2\n');
  await driver.dispose(workload.ref);
});

test('after a restart the driver finds the container and resumes its output', async (t) => {
  const { driver, request } = await bench(t);
  const place = await driver.open(request);
  const script = 'i=0; while [ $i -lt 40 ]; do echo "line $i"; i=$((i+1)); sleep 0.05; done';
  const workload = await driver.launch(place, { argv: ['sh', '-c', script] });
  let text = '';
  let position = 0;
  for await (const chunk of workload.output(0, new AbortController().signal)) {
    text += Buffer.from(chunk.data).toString();
    position = chunk.position;
    if (text.includes('line 7\n')) break;
  }
  const later = await bench(t);
  const found = await later.driver.attach(JSON.parse(JSON.stringify(workload.ref)));
  if (found === undefined) return t.fail('not found');
  const rest = await readOutput(found, position);
  t.is(text + rest.text, Array.from({ length: 40 }, (_, i) => `line ${i}\n`).join(''));
  t.deepEqual(await found.exited, { kind: 'exited', code: 0 });
  await driver.dispose(workload.ref);
  t.is(await later.driver.attach(workload.ref), undefined);
});

test('the container of a run whose journal is lost is found by its labels', async (t) => {
  const { driver, request } = await bench(t);
  const place = await driver.open(request);
  const before = await driver.search(request);
  t.deepEqual(before, place.ref);
  t.is(before && (await driver.find(before)), undefined, 'nothing was launched');
  const workload = await driver.launch(place, { argv: ['sh', '-c', 'echo out; exit 3'] });
  const ref = await driver.search(request);
  t.deepEqual(ref, place.ref);
  const found = ref && (await driver.find(ref));
  const again = found && (await driver.attach(found));
  t.deepEqual(await again?.exited, { kind: 'exited', code: 3 });
  t.is(again && (await readOutput(again)).text, 'out\n');
  await driver.dispose(workload.ref);
  t.is(await driver.search(request), undefined);
});

test('a command that ignores the stop signal is killed after its grace', async (t) => {
  const { driver, request } = await bench(t);
  const place = await driver.open(request);
  const workload = await driver.launch(place, {
    argv: ['sh', '-c', 'trap "" TERM; echo up; while :; do sleep 0.1; done'],
  });
  for await (const _ of workload.output(0, new AbortController().signal)) break;
  const start = Date.now();
  await workload.stop(1000);
  t.deepEqual(await workload.exited, { kind: 'signalled', signal: 'SIGKILL' });
  t.true(Date.now() - start < 8000);
  await driver.dispose(workload.ref);
});

test('a command without a handler for the stop signal is not waited for', async (t) => {
  const { driver, request } = await bench(t);
  const place = await driver.open(request);
  const workload = await driver.launch(place, { argv: ['sh', '-c', 'echo up; while :; do sleep 0.1; done'] });
  for await (const _ of workload.output(0, new AbortController().signal)) break;
  const start = Date.now();
  await workload.stop(60_000);
  t.deepEqual(await workload.exited, { kind: 'signalled', signal: 'SIGKILL' });
  t.true(Date.now() - start < 30_000);
  await driver.dispose(workload.ref);
});

test('a command that handles the stop signal gets its grace', async (t) => {
  const { driver, request } = await bench(t);
  const place = await driver.open(request);
  const script = 'trap "echo saving; sleep 1; exit 5" TERM; echo up; while :; do sleep 0.1; done';
  const workload = await driver.launch(place, { argv: ['sh', '-c', script] });
  for await (const _ of workload.output(0, new AbortController().signal)) break;
  await workload.stop(60_000);
  t.deepEqual(await workload.exited, { kind: 'exited', code: 5 });
  await driver.dispose(workload.ref);
});

test('running out of memory is told apart from a kill', async (t) => {
  const { driver, request } = await bench(t, { args: ['-m', '24m', '--memory-swap', '24m'] });
  const place = await driver.open(request);
  const workload = await driver.launch(place, { argv: ['tail', '/dev/zero'] });
  const killed = { kind: 'signalled', signal: 'SIGKILL' };
  // Podman 4.3 finds out about it too late to say so.
  t.like(await workload.exited, TEST_ENGINE === 'podman' ? killed : { ...killed, oomKilled: true });
  await driver.dispose(workload.ref);
});

test('an image with an entry point, a read-only file system and a terminal', async (t) => {
  const { driver, request } = await bench(t, { image: 'entry:1', args: ['--read-only', '-t'] });
  const place = await driver.open(request);
  const workload = await driver.launch(place, { argv: ['sh', '-c', 'tty; echo two'] });
  t.is((await readOutput(workload)).text, '/dev/pts/0\ntwo\n');
  await driver.dispose(workload.ref);
});

test('an image that is there for another platform is pulled', async (t) => {
  const { driver, client, request, lines } = await bench(t, {
    image: '127.0.0.1:1/base:1',
    args: ['--platform', 'linux/s390x'],
  });
  const own = process.arch === 'arm64' ? 'arm64' : 'amd64';
  for (const [platform, there] of [
    [undefined, true],
    [`linux/${own}`, true],
    [own, true],
    ['linux', true],
    ['linux/s390x', false],
    ['s390x', false],
  ] as const)
    t.is(await client.hasImage('127.0.0.1:1/base:1', platform), there, platform);
  await t.throwsAsync(driver.open(request), { message: /^cannot pull 127.0.0.1:1\/base:1: / });
  t.true(lines.includes('pulling image 127.0.0.1:1/base:1'));
});

test('images with equal content have equal keys, whatever their names are', async (t) => {
  const { client } = await bench(t);
  const keyOf = (image: string) => imageKey(client, { image });
  const keys = await Promise.all(['base:1', '127.0.0.1:1/base:1', 'user:1', 'variable:1'].map(keyOf));
  t.regex(keys[0] ?? '', /^[0-9a-f]{64}$/);
  t.is(keys[0], keys[1]);
  t.is(new Set(keys).size, 3);
  t.is(await keyOf('none:1'), 'none:1');
});

const OWN_USERS = { 'user:1': '1000:1000', 'directory-user:1': '1600001234:1600005678' };

for (const [image, user] of Object.entries(OWN_USERS))
  for (const files of ['mounted', 'uploaded'] as const)
    test(`user ${user} of an image can write to a workspace that is ${files}`, async (t) => {
      const { driver, request } = await bench(t, { image, driver: { files } });
      const place = await driver.open(request);
      const code = path.join(request.workspace, 'code');
      const staged = place.staging?.of(code) ?? code;
      fs.mkdirSync(staged);
      fs.writeFileSync(path.join(staged, 'old'), '');
      await place.staging?.handOver(code);
      const step = await place.exec({
        argv: [
          'sh',
          '-c',
          'id -u; stat -c %u:%g code/old; touch code/new && echo more > code/old && echo ok',
        ],
        cwd: place.inside(request.workspace),
      });
      t.is(step.stdout, `${user.split(':')[0]}\n${user}\nok\n`, step.stderr);
      const workload = await driver.launch(place, {
        argv: ['sh', '-c', 'touch again && echo done'],
        cwd: place.inside(request.workspace),
      });
      t.is((await readOutput(workload)).text, 'done\n');
      await driver.dispose(workload.ref);
    });

test('a step that is aborted or too slow is ended inside', async (t) => {
  const { driver, request } = await bench(t);
  const place = await driver.open(request);
  await t.throwsAsync(place.exec({ argv: ['sleep', '333'] }, { timeoutMs: 300 }), {
    message: /did not end within 0 s/,
  });
  const abort = new AbortController();
  setTimeout(() => abort.abort(new Error('stop it')), 300);
  await t.throwsAsync(place.exec({ argv: ['sleep', '333'] }, { signal: abort.signal }), {
    message: 'stop it',
  });
  t.notRegex((await place.exec({ argv: ['ps'] })).stdout, /sleep 333/);
  await driver.dispose(place.ref);
});

test('errors name their cause', async (t) => {
  const missing = await bench(t, { image: 'nowhere.invalid/none:1', args: ['--pull', 'never'] });
  await t.throwsAsync(missing.driver.open(missing.request), {
    message: /nowhere.invalid\/none:1 is not on this machine/,
  });
  const unreachable = await bench(t, { image: 'nowhere.invalid/none:1' });
  await t.throwsAsync(unreachable.driver.open(unreachable.request), {
    message: /cannot pull nowhere.invalid\/none:1/,
  });
  await t.throwsAsync(Engine.connect({ DOCKER_HOST: 'unix:///nowhere.sock' }), {
    message: /no container engine answers at unix:\/\/\/nowhere.sock: there is no such socket \(ENOENT\)/,
  });
  const bad = await bench(t, { args: ['--mount', 'type=bind,source=/nowhere/at/all,target=/x'] });
  await t.throwsAsync(bad.driver.open(bad.request), {
    message: /the mount source \/nowhere\/at\/all does not exist/,
  });
});

test('containers of runs that are not known any more are found by label', async (t) => {
  const { driver, client, request } = await bench(t);
  const place = await driver.open(request);
  t.true(place instanceof ContainerPlace);
  const container = String(place.ref.container);
  const folder = path.dirname(request.runFolder);
  t.deepEqual(await driver.collect(folder, new Set([path.basename(request.runFolder)])), []);
  t.deepEqual(await driver.collect(path.join(folder, 'another'), new Set()), []);
  t.deepEqual(await driver.collect(folder, new Set()), [`container ${container.slice(0, 12)}`]);
  t.is(await client.inspect(container), undefined);
});
