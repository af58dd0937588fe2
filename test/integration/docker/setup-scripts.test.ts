import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { type ContainerTaskOptions, containerDriver } from '../../support/container-task.js';
import { DockerEngine, TEST_ENGINE } from '../../support/docker-engine.js';

const running: { engine?: Promise<DockerEngine> } = {};

async function startWithImages(): Promise<DockerEngine> {
  const engine = await DockerEngine.start();
  await engine.makeBusybox('base:1');
  return engine;
}

test.after.always(async () => (await running.engine)?.stop());

/** A container that is prepared by these scripts. */
async function prepared(t: ExecutionContext, texts: readonly string[], args: readonly string[] = []) {
  t.timeout(120_000);
  running.engine ??= startWithImages();
  const engine = await running.engine;
  const scripts = texts.map((text, index) => ({ name: `script ${index + 1}`, text }));
  const options: ContainerTaskOptions = { image: 'base:1', args: ['--network', 'none', ...args], scripts };
  const task = await containerDriver(t, engine, options);
  return { ...task, left: () => engine.docker(['ps', '-aq', '--filter', `label=test=${label(t)}`]) };
}

/** Podman's command splits a filter at commas. */
function label({ title }: ExecutionContext): string {
  return title.replaceAll(/\W+/g, '-');
}

test('a script that calls exit ends the set-up, and nothing is left of its container', async (t) => {
  const task = await prepared(t, ['echo one', 'exit 3', 'echo never'], ['-l', `test=${label(t)}`]);
  await t.throwsAsync(task.open(), {
    message: 'script 2 ended the set-up of the container with status 3',
  });
  t.is(task.output(), 'one\n');
  t.is(await task.left(), '');
});

test('an abort ends a script that hangs, and what it started', async (t) => {
  const task = await prepared(t, ['echo up; sleep 600 & sleep 600'], ['-l', `test=${label(t)}`]);
  const opening = t.throwsAsync(task.open(), { message: 'enough' });
  while (task.output() === '') await sleep(20);
  const begun = Date.now();
  task.abort.abort(new Error('enough'));
  await opening;
  t.true(Date.now() - begun < 10_000);
  t.is(await task.left(), '');
});

test('a script of any length runs, and none is among the arguments of a process', async (t) => {
  const long = `export LONG=1 # ${'x'.repeat(300_000)}`;
  const spy = 'read -r none || export NONE=1; export SEEN="$(cat /proc/[0-9]*/cmdline | grep -c TO[K]EN)"';
  const task = await prepared(t, ['export SECRET=TOKEN', long, spy]);
  const { LONG, NONE, SEEN, agent_program: program } = await (await task.open()).environment();
  t.deepEqual({ LONG, NONE, SEEN, program }, { LONG: '1', NONE: '1', SEEN: '0', program: undefined });
});

test('what a script leaves in the background does not hold up the task, and goes on printing', async (t) => {
  const task = await prepared(t, ['(while :; do echo tick; sleep 0.2; done) & export LEFT=1']);
  const place = await task.open();
  t.is((await place.environment()).LEFT, '1');
  t.regex(task.output(), /^(tick\n)*$/);
  // Podman ends what it reads of a command with the command itself.
  if (TEST_ENGINE === 'podman') return;
  const seen = task.output().length;
  while (task.output().length <= seen) await sleep(20);
  t.regex(task.output(), /^(tick\n)+$/);
});

test('a large output is passed on, not kept', async (t) => {
  const task = await prepared(t, [
    'dd if=/dev/zero bs=1024 count=10240 2>/dev/null | tr "\\0" x; echo; exec 2>&1',
  ]);
  const place = await task.open();
  t.is(task.output().length, 10 * 1024 * 1024 + 1);
  const script = 'dd if=/dev/zero bs=1024 count=10240 2>/dev/null | tr "\\0" x; echo end';
  const { stdout } = await place.exec({ argv: ['sh', '-c', script] });
  t.true(stdout.length <= 1024 * 1024);
  t.true(stdout.endsWith('xend\n'));
});
