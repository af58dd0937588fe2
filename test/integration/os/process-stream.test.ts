import { once } from 'node:events';
import test from 'ava';
import { ProcessStream } from '../../../src/os/process-stream.js';
import { isAlive } from '../../../src/os/processes.js';
import { until } from '../../support/until.js';

async function textOf(stream: ProcessStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}

test('what is written goes through the program, however much it is', async (t) => {
  const stream = new ProcessStream(['tr', 'a', 'b'], { PATH: process.env.PATH });
  const text = textOf(stream);
  stream.end('a'.repeat(3_000_000));
  t.is(await text, 'b'.repeat(3_000_000));
});

test('a program that fails breaks the stream with its last words', async (t) => {
  const argv = ['sh', '-c', 'echo part; echo "first" >&2; echo "no way" >&2; exit 7'] as const;
  const error = await t.throwsAsync(textOf(new ProcessStream(argv, { PATH: process.env.PATH })), {
    message: 'sh ended with status 7: no way',
  });
  t.like(error, { code: 'COMMAND_FAILED', detail: 'first\nno way' });
});

test('a missing program is an error that names it', async (t) => {
  await t.throwsAsync(textOf(new ProcessStream(['no-such-program'], { PATH: '/usr/bin' })), {
    message: 'cannot run no-such-program: it is not in PATH (/usr/bin)',
  });
});

test('a program ends with its stream', async (t) => {
  const argv = ['sh', '-c', 'sleep 300 & echo "$$ $!"; wait'] as const;
  const stream = new ProcessStream(argv, { PATH: process.env.PATH });
  const [first] = await once(stream, 'data');
  const pids = String(first).trim().split(' ').map(Number);
  t.is(pids.length, 2);
  stream.destroy();
  const gone = async () => !(await Promise.all(pids.map((pid) => isAlive(pid)))).includes(true);
  t.true(await until(gone, { what: 'the end of the program', timeoutMs: 10_000 }));
});
