import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { type ContainerTaskOptions, containerDriver } from '../../support/container-task.js';
import { readOutput } from '../../support/docker-bench.js';
import { sharedEngine, TEST_ENGINE } from '../../support/docker-engine.js';
import { until } from '../../support/until.js';

const engineFor = sharedEngine(test, async (engine) => {
  await engine.makeBusybox('base:1');
});

/** A container that is prepared by these scripts. */
async function prepared(t: ExecutionContext, texts: readonly string[], args: readonly string[] = []) {
  t.timeout(120_000);
  const engine = await engineFor(t);
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

test('a background job of a set-up script does not delay the task, and keeps printing', async (t) => {
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

test('a background job of a set-up script runs for long, and its output reaches the log', async (t) => {
  const text = '(i=0; while [ $i -lt 8 ]; do sleep 1; i=$((i+1)); echo "tick $i"; done) &';
  const task = await prepared(t, [text]);
  await task.open();
  await until(() => task.output().endsWith('tick 8\n'), { what: 'the last line' });
  t.is(task.output(), Array.from({ length: 8 }, (_, i) => `tick ${i + 1}\n`).join(''));
});

test('the ends of orphans do not wake the first process', async (t) => {
  const task = await prepared(t, ['for i in 1 2 3 4 5 6 7 8; do (sleep 0.$i &) ; done', 'sleep 1']);
  const place = await task.open();
  t.is((await place.exec({ argv: ['echo', 'still there'] })).stdout, 'still there\n');
  const workload = await task.driver.launch(place, { argv: ['sh', '-c', 'echo done; exit 3'] });
  t.deepEqual(await workload.exited, { kind: 'exited', code: 3 });
  t.is((await readOutput(workload)).text, 'done\n');
});

test('steps of the agent find their programs whatever PATH a script leaves, the task has what it left', async (t) => {
  const task = await prepared(t, ['set -eu; cd /tmp; export PATH=/nowhere/bin']);
  const place = await task.open();
  t.is((await place.exec({ argv: ['sh', '-c', 'id -u'] })).stdout, '0\n');
  await place.write('/tmp/deep/file', 'x');
  t.is(await place.read('/tmp/deep/file'), 'x');
  const workload = await task.driver.launch(place, { argv: ['/bin/sh', '-c', 'echo "$PATH"'] });
  t.is((await readOutput(workload)).text, '/nowhere/bin\n');
});

test('exit 0 ends a script, not those after it', async (t) => {
  const task = await prepared(t, ['export ONE=1; exit 0; echo never', 'export TWO=$ONE$ONE']);
  t.like(await (await task.open()).environment(), { ONE: '1', TWO: '11' });
  t.is(task.output(), '');
});

test('scripts run with a read-only file system and any user', async (t) => {
  const task = await prepared(t, ['export WHO=$(id -u)'], ['--read-only', '--user', '1234:1234']);
  t.is((await (await task.open()).environment()).WHO, '1234');
});
