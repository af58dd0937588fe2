import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import type { WorkloadExit } from '../../../src/drivers/driver.js';
import { MARKER_VARIABLE } from '../../../src/drivers/local/workload-processes.js';
import { AgentError, type ErrorCode } from '../../../src/errors.js';
import { isGone, localRun, nextPiece, outputText, outputUntil } from '../../support/local-run.js';

test('ends as the command ended, and gives its output', async (t) => {
  const cases: [string, string, WorkloadExit][] = [
    ['echo fine', 'fine\n', { kind: 'exited', code: 0 }],
    ['echo no >&2; exit 7', 'no\n', { kind: 'exited', code: 7 }],
    ['exit 127', '', { kind: 'exited', code: 127 }],
    ['exit 255', '', { kind: 'exited', code: 255 }],
    ['exit 130', '', { kind: 'exited', code: 130 }],
    ['exit 137', '', { kind: 'exited', code: 137 }],
    ['exit 139', '', { kind: 'exited', code: 139 }],
    ['exit 143', '', { kind: 'exited', code: 143 }],
    ['trap "exit 137" TERM; kill -TERM 0', '', { kind: 'exited', code: 137 }],
    ['kill -INT 0', '', { kind: 'signalled', signal: 'SIGINT' }],
    ['kill -TERM 0', '', { kind: 'signalled', signal: 'SIGTERM' }],
    ['kill -TERM $$', '', { kind: 'signalled', signal: 'SIGTERM' }],
    ['kill -KILL $$', '', { kind: 'signalled', signal: 'SIGKILL' }],
    ['kill -SEGV $$', '', { kind: 'signalled', signal: 'SIGSEGV' }],
  ];
  for (const [script, output, exit] of cases) {
    const { sh } = await localRun(t);
    const workload = await sh(script);
    t.deepEqual(await workload.exited, exit, script);
    t.is(await outputText(workload), output, script);
  }
});

test('hands on arguments untouched by any shell, environment and working folder', async (t) => {
  const { driver, place, folder } = await localRun(t);
  const argument = '$(touch x) `id` "\' \\ * ü\n';
  const workload = await driver.launch(place, {
    argv: [
      'python3',
      '-c',
      'import os, sys, json; print(json.dumps([sys.argv[1:], os.getcwd(), os.environ["V"]]))',
      argument,
    ],
    cwd: path.join(folder, 'work'),
    env: { V: 'a b' },
  });
  t.deepEqual(JSON.parse(await outputText(workload)), [[argument], path.join(folder, 'work'), 'a b']);
});

test('is the leader of a session, without a terminal or input, its output for the user alone', async (t) => {
  const { driver, place } = await localRun(t);
  const script = `import os, sys
print(os.getsid(0) == os.getppid() == os.getpgrp(), sys.stdin.read() == '', os.environ['${MARKER_VARIABLE}'])
try: open('/dev/tty')
except OSError: print('no terminal')`;
  const workload = await driver.launch(place, { argv: ['python3', '-c', script] });
  t.is(await outputText(workload), `True True ${place.ref.marker}\nno terminal\n`);
  t.is((await stat(workload.ref.output)).mode & 0o777, 0o600);
});

test('leaves signals of the command as a program expects them', async (t) => {
  const { driver, place } = await localRun(t);
  const script = `import signal
print([signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)] == [signal.SIG_DFL] * 3)
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)`;
  const workload = await driver.launch(place, { argv: ['python3', '-c', script] });
  t.is(await outputText(workload), 'True\nTrue\n');
});

test('notices the end within a moment', async (t) => {
  const { driver, place } = await localRun(t);
  const script = 'import time; time.sleep(0.5); print(time.time())';
  const workload = await driver.launch(place, { argv: ['python3', '-c', script] });
  await workload.exited;
  const noticed = Date.now();
  const late = noticed - 1000 * Number(await outputText(workload));
  t.log(`noticed ${late.toFixed(0)} ms after the last line of the program`);
  t.true(late < 1000);
});

test('gives output as it comes', async (t) => {
  const { sh } = await localRun(t);
  const workload = await sh('sleep 0.3; date +%s%N; sleep 2');
  const { text } = await outputUntil(workload, '\n');
  const late = Date.now() - Number(text) / 1e6;
  t.log(`read ${late.toFixed(0)} ms after it was written`);
  t.true(late < 1000);
});

test('passes bytes on unchanged and huge lines in pieces', async (t) => {
  const { driver, place } = await localRun(t);
  const script = String.raw`import sys
sys.stdout.buffer.write(bytes(range(256)) * 4 + b'\n' + b'x' * 20_000_000)`;
  const workload = await driver.launch(place, { argv: ['python3', '-c', script] });
  let size = 0;
  let largest = 0;
  let head: Uint8Array | undefined;
  for await (const piece of workload.output(0, new AbortController().signal)) {
    head ??= piece.data;
    size += piece.data.byteLength;
    largest = Math.max(largest, piece.data.byteLength);
    t.is(piece.position, size);
  }
  t.is(size, 4 * 256 + 1 + 20_000_000);
  t.true(largest <= 65_536);
  t.deepEqual(
    Buffer.from(head ?? []).subarray(0, 256),
    Buffer.from(Uint8Array.from({ length: 256 }, (_, i) => i)),
  );
});

test('starts reading at a position and stops when asked to', async (t) => {
  const { sh } = await localRun(t);
  const workload = await sh('echo 0123456789; sleep 30');
  await outputUntil(workload, '9');
  const stop = new AbortController();
  const output = workload.output(4, stop.signal);
  t.deepEqual(await nextPiece(output), { data: Buffer.from('456789\n'), position: 11 });
  const waiting = nextPiece(workload.output(11, stop.signal));
  stop.abort();
  t.is(await waiting, undefined);
});

test('ends what a command leaves behind when it has ended', async (t) => {
  const { sh } = await localRun(t);
  const workload = await sh(
    `setsid sh -c 'trap "" TERM; echo $$; while :; do sleep 0.2; done' & sleep 0.3; exit 4`,
  );
  t.deepEqual(await workload.exited, { kind: 'exited', code: 4 });
  t.true(await isGone(Number(await outputText(workload))));
});

test('tells what is missing before it launches', async (t) => {
  const { driver, place, folder } = await localRun(t);
  await writeFile(path.join(folder, 'text'), 'no program');
  const cases: [[string, ...string[]], string | undefined, ErrorCode, RegExp][] = [
    [['python9', 'x.py'], undefined, 'COMMAND_MISSING', /cannot run python9: it is not in PATH \(.+\)/],
    [[path.join(folder, 'none')], undefined, 'COMMAND_MISSING', /it does not exist/],
    [[path.join(folder, 'text')], undefined, 'COMMAND_MISSING', /is not an executable file/],
    [['eval', 'echo x'], undefined, 'COMMAND_MISSING', /cannot run eval/],
    [['sh'], path.join(folder, 'none'), 'LAUNCH_FAILED', /the working folder .* does not exist/],
    [['sh', 'x'.repeat(300_000)], undefined, 'LAUNCH_FAILED', /larger than this system allows/],
  ];
  for (const [argv, cwd, code, message] of cases) {
    const command = { argv, ...(cwd === undefined ? {} : { cwd }) };
    const error = await t.throwsAsync(driver.launch(place, command), { instanceOf: AgentError, message });
    t.is(error.code, code);
  }
});

test('runs set-up steps and keeps files in the place', async (t) => {
  const { place, folder } = await localRun(t);
  const file = path.join(folder, 'work/sub/x.txt');
  await place.write(file, 'text', 0o640);
  t.is((await stat(file)).mode & 0o777, 0o640);
  t.is(await place.read(file), 'text');
  t.is(await place.read(`${file}.none`), undefined);
  t.is(place.inside(file), file);
  const result = await place.exec({
    argv: ['sh', '-c', 'pwd; echo $A >&2; exit 3'],
    cwd: folder,
    env: { A: 'a' },
  });
  t.deepEqual(result, { exitCode: 3, stdout: `${folder}\n`, stderr: 'a\n' });
  await t.throwsAsync(place.exec({ argv: ['sleep', '9'] }, { timeoutMs: 50 }), {
    message: /did not end within/,
  });
  t.is(await readFile(file, 'utf8'), 'text');
});
