import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { AgentError, type ErrorCode } from '../../../src/errors.js';
import { run } from '../../../src/os/exec.js';
import { isAlive } from '../../../src/os/processes.js';

const env = { PATH: process.env.PATH };

test('gives exit code, both streams and the output in order of arrival', async (t) => {
  let heard = '';
  const onOutput = (chunk: string): void => {
    heard += chunk;
  };
  const result = await run(['sh', '-c', 'echo one; sleep 0.1; echo two >&2; exit 3'], { env, onOutput });
  t.deepEqual(result, { exitCode: 3, stdout: 'one\n', stderr: 'two\n', timedOut: false });
  t.is(heard, 'one\ntwo\n');
});

test('hands on input and exactly the given environment', async (t) => {
  const result = await run(['sh', '-c', 'cat; env | sort'], {
    env: { ...env, A: '1', B: undefined },
    input: 'in\n',
  });
  t.regex(result.stdout, /^in\nA=1\n/);
  t.notRegex(result.stdout, /^(B|HOME)=/m);
});

test('keeps characters whole that arrive in two pieces', async (t) => {
  const pieces: string[] = [];
  const script = String.raw`printf '\303'; sleep 0.2; printf '\244\377'`;
  const result = await run(['sh', '-c', script], { env, onOutput: (chunk) => pieces.push(chunk) });
  t.is(result.stdout, 'ä\ufffd');
  t.is(pieces.join(''), 'ä\ufffd');
});

test('keeps only the end of long output', async (t) => {
  const result = await run(
    ['sh', '-c', 'i=0; while [ $i -lt 3000 ]; do echo 123456789; i=$((i+1)); done; echo end'],
    {
      env,
      maxKept: 1000,
    },
  );
  t.is(result.stdout.length, 1000);
  t.true(result.stdout.endsWith('123456789\nend\n'));
});

test('ends what the program started when time is up', async (t) => {
  let child = '';
  const script = "trap '' TERM; sh -c 'trap \"\" TERM; echo $$; while :; do sleep 0.1; done' & wait; wait";
  const begun = performance.now();
  const result = await run(['bash', '-c', script], {
    env,
    timeoutMs: 300,
    onOutput: (chunk) => (child += chunk),
  });
  t.true(result.timedOut);
  t.is(result.exitCode, 128 + 9);
  t.true(performance.now() - begun < 4000);
  await gone(Number(child));
  t.false(await isAlive(Number(child)));
});

test('ends a whole pipeline at once when the caller aborts', async (t) => {
  const stop = new AbortController();
  let output = '';
  const begun = performance.now();
  const running = run(['sh', '-c', 'sleep 60 & echo $!; wait'], {
    env,
    signal: stop.signal,
    onOutput: (chunk) => {
      output += chunk;
      stop.abort(new Error('enough'));
    },
  });
  await t.throwsAsync(running, { message: 'enough' });
  await gone(Number(output));
  t.false(await isAlive(Number(output)));
  t.true(performance.now() - begun < 1500);
});

test('does not wait for a background process that holds the output open', async (t) => {
  const begun = performance.now();
  const result = await run(['sh', '-c', 'sleep 20 & echo $!'], { env });
  process.kill(Number(result.stdout));
  t.is(result.exitCode, 0);
  t.true(performance.now() - begun < 5000);
});

test('tells a missing program from a missing folder, a closed file and too many arguments', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'exec-'));
  await writeFile(path.join(folder, 'text'), 'no program');
  await writeFile(path.join(folder, 'script'), '#!/no/such/interpreter -x\n', { mode: 0o755 });
  const cases: [string[], string | undefined, ErrorCode, RegExp][] = [
    [['no-such-program'], undefined, 'COMMAND_MISSING', /no-such-program: it is not in PATH/],
    [['./none'], folder, 'COMMAND_MISSING', /it does not exist/],
    [['./text'], folder, 'COMMAND_MISSING', /text is not an executable file/],
    [['./script'], folder, 'COMMAND_MISSING', /needs the interpreter \/no\/such\/interpreter/],
    [['sh'], path.join(folder, 'none'), 'COMMAND_FAILED', /working folder .*none does not exist/],
    [['sh', '-c', ':', 'x'.repeat(3_000_000)], undefined, 'COMMAND_FAILED', /larger than this system allows/],
    [['sh', 'a\0b'], undefined, 'COMMAND_FAILED', /NUL character/],
  ];
  for (const [argv, cwd, code, message] of cases) {
    const running = run(argv as [string, ...string[]], { env, ...(cwd === undefined ? {} : { cwd }) });
    const error = await t.throwsAsync(running, { instanceOf: AgentError, message });
    t.is(error.code, code);
  }
});

/** A killed process of a test may need a moment. */
async function gone(pid: number): Promise<void> {
  for (let i = 0; i < 100 && (await isAlive(pid)); i++) await sleep(20);
}
