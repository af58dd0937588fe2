import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { run } from '../../../src/os/exec.js';
import { serverUnderTest } from '../../support/embedded-server.js';

const PAGE = path.resolve(import.meta.dirname, '../../../docs/embedded-server.md');

test('the example of the page works as it stands', async (t) => {
  const { server, folder, call } = await serverUnderTest(t);
  const script = /```sh\n([\s\S]*?)```/.exec(await readFile(PAGE, 'utf8'))?.[1] ?? '';
  const env = { PATH: process.env.PATH, API: server.url, FOLDER: folder };
  const result = await run(['sh', '-euc', script], { env });
  t.is(result.exitCode, 0, result.stderr);
  t.is(result.stdout.trim(), 'queued\nqueued');
  t.like(await call('tasks.get_all'), {
    tasks: [{ name: 'hello', script: { diff: 'print("hello from the queue")\n' } }],
  });
});
