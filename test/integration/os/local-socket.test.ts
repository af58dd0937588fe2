import { once } from 'node:events';
import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { askByLine, serveLines } from '../../../src/os/local-socket.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

async function echo(t: ExecutionContext, file: string) {
  const server = await serveLines(file, async (request) => {
    if (request === 'fail') throw new Error('on purpose');
    return { request };
  });
  t.teardown(() => server.close());
  return server;
}

test('a question is answered, whatever its shape, and what was left in the place is replaced', async (t) => {
  const file = path.join(temporaryFolder(t), 'a.sock');
  writeFileSync(file, 'left over');
  t.is(await askByLine(file, 'anybody?'), undefined, 'a file is not a socket');
  await echo(t, file);
  t.is(statSync(file).mode & 0o777, 0o600);
  for (const request of ['text', { deep: ['ä', '\n'] }, null, 'x'.repeat(100_000)])
    t.deepEqual(await askByLine(file, request), { request });
});

test('a path longer than a socket may have', async (t) => {
  const folder = path.join(temporaryFolder(t), 'long-'.repeat(40));
  mkdirSync(folder);
  const file = path.join(folder, 'a.sock');
  t.is(await askByLine(file, 1), undefined);
  const server = await echo(t, file);
  t.deepEqual(await askByLine(file, 1), { request: 1 });
  await server.close();
  t.false(existsSync(file));
  t.is(await askByLine(file, 1), undefined);
});

test('no answer, text that is not JSON and too much of it end the connection alone', async (t) => {
  const file = path.join(temporaryFolder(t), 'a.sock');
  await echo(t, file);
  await t.throwsAsync(askByLine(file, 'fail'), {
    code: 'COMMAND_FAILED',
    message: /a\.sock does not answer/,
  });
  for (const text of ['{"command"\n', 'x'.repeat(300_000), '\n']) {
    const socket = createConnection(file);
    // A reset is how the system ends a connection with unread text.
    socket.on('error', () => undefined);
    socket.write(text);
    await new Promise((resolve) => socket.on('close', resolve));
  }
  t.deepEqual(await askByLine(file, 'still there'), { request: 'still there' });
});

test('a server that closes lets go of connections that say nothing', async (t) => {
  const file = path.join(temporaryFolder(t), 'a.sock');
  const server = await echo(t, file);
  const socket = createConnection(file);
  await once(socket, 'connect');
  const closed = once(socket, 'close');
  await server.close();
  await closed;
  t.false(existsSync(file));
});
