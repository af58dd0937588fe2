import { EventEmitter } from 'node:events';
import test from 'ava';
import type WebSocket from 'ws';
import { exitCodeOf } from '../../../../src/drivers/kubernetes/pod-exec.js';
import { PodSession } from '../../../../src/drivers/kubernetes/pod-session.js';
import { PodSessions } from '../../../../src/drivers/kubernetes/pod-sessions.js';
import { AgentError } from '../../../../src/errors.js';

const where = { pod: 'p', container: 'task' };

/** The agent's end of a connection, and what the other end says and hears. */
class Line extends EventEmitter {
  readonly readyState = 1;
  readonly bufferedAmount = 0;
  readonly isPaused = false;
  readonly heard: string[] = [];
  isOpen = true;
  pause(): void {}
  resume(): void {}
  ping(): void {}
  send(data: Buffer): void {
    this.heard.push(data[0] === 255 ? 'CLOSE' : data.subarray(1).toString());
  }
  terminate(): void {
    this.isOpen = false;
    this.emit('close');
  }
  say(channel: number, text: string): void {
    this.emit('message', Buffer.concat([Buffer.from([channel]), Buffer.from(text)]));
  }
  status(status: object): void {
    this.say(3, JSON.stringify(status));
  }
}

const SUCCESS = { status: 'Success' };

function sessionOn(line: Line): PodSession {
  const lost = (why: string) => new AgentError('KUBERNETES', why);
  return new PodSession(line as unknown as WebSocket, 'MARKER', lost);
}

/** Runs a command, and answers what it printed. */
function runOn(session: PodSession) {
  let output = '';
  const onOutput = (data: Uint8Array, stream: string) => {
    output += `${stream}:${Buffer.from(data).toString()};`;
  };
  const ended = session.run({ argv: ['echo', "it's"], env: ['A=b c', '1=x'], onOutput });
  ended.catch(() => undefined);
  return { ended, output: () => output };
}

/** The word of the shell that its command has ended, in pieces. */
function end(line: Line, code: number): void {
  line.say(1, '\u0006MAR');
  line.say(1, `KER ${code}\n`);
  line.say(2, `\u0006MARKER ${code}\n`);
}

test('a session gives its shell the program up to the marker, and keeps the word of the shell to itself', async (t) => {
  const line = new Line();
  const session = sessionOn(line);
  line.say(1, '\u0006');
  await session.ready;
  const run = runOn(session);
  line.say(1, '\u0006out');
  line.say(2, 'err');
  end(line, 0);
  t.deepEqual(await run.ended, SUCCESS);
  t.is(run.output(), 'stdout:\u0006out;stderr:err;');
  t.regex(
    line.heard.join(''),
    /^unset agent_p agent_l\nexport A='?b c'?\n[\s\S]*\necho .* < \/dev\/null\n[\s\S]*\nMARKER\n$/,
  );
  t.false(line.isOpen);
});

test('a command that is given before the shell has started loses nothing of its output', async (t) => {
  const line = new Line();
  const run = runOn(sessionOn(line));
  line.say(1, '\u0006out');
  end(line, 7);
  t.is(exitCodeOf(where, await run.ended), 7);
  t.is(run.output(), 'stdout:out;');
});

test('a connection that breaks off is told to who waits for the shell and for the command', async (t) => {
  const line = new Line();
  const session = sessionOn(line);
  const run = runOn(session);
  line.emit('close');
  await t.throwsAsync(session.ready, { message: /broke off/ });
  await t.throwsAsync(run.ended, { message: /broke off/ });
  t.true(session.isOver);
});

test('an end that the API server tells without the word of the shell is that of the command, unless it is a good one', async (t) => {
  const killed = new Line();
  const first = runOn(sessionOn(killed));
  killed.status({ details: { causes: [{ reason: 'ExitCode', message: '137' }] } });
  t.is(exitCodeOf(where, await first.ended), 137);
  const cut = new Line();
  const second = runOn(sessionOn(cut));
  cut.say(1, 'ou');
  cut.status(SUCCESS);
  await t.throwsAsync(second.ended, { message: /its output is lost/ });
});

test('an input of a known length does not end with that of the shell, a stream does', async (t) => {
  const whole = new Line();
  const known = sessionOn(whole).run({ argv: ['cat'], input: 'äb', onOutput: () => undefined });
  await settled();
  t.regex(whole.heard.join(''), /\nhead -c 3 \| cat\n[\s\S]*\nMARKER\näb$/);
  whole.say(1, '\u0006');
  end(whole, 0);
  await known;
  const open = new Line();
  const stream = (async function* () {
    yield Buffer.from('x');
  })();
  const streamed = sessionOn(open).run({ argv: ['cat'], input: stream, onOutput: () => undefined });
  await settled();
  t.regex(open.heard.join(''), /\nexec cat\nMARKER\nxCLOSE$/);
  open.status(SUCCESS);
  t.deepEqual(await streamed, SUCCESS);
});

test('an abort ends a command at once', async (t) => {
  const line = new Line();
  const abort = new AbortController();
  const ended = sessionOn(line).run({ argv: ['true'], onOutput: () => undefined, signal: abort.signal });
  abort.abort(new Error('stop'));
  await t.throwsAsync(ended, { message: 'stop' });
  t.false(line.isOpen);
});

/** Sessions whose shells start once they are told to, and whose commands succeed. */
function sessions(most: number) {
  const lines: Line[] = [];
  const pool = new PodSessions({
    where,
    most,
    open: async () => {
      const line = new Line();
      lines.push(line);
      return sessionOn(line);
    },
  });
  const start = () => {
    for (const line of lines) line.say(1, '\u0006');
  };
  const exec = async () => {
    const ended = pool.exec({ argv: ['true'], onOutput: () => undefined });
    await settled();
    for (const line of lines.filter(({ heard }) => heard.length > 0)) {
      line.say(1, '\u0006');
      end(line, 0);
    }
    return ended;
  };
  return { lines, pool, start, exec };
}

/** Lets all that waits for nothing but other promises go on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('commands take shells that were opened ahead, in place of which others are opened until the rest', async (t) => {
  const { lines, pool, start, exec } = sessions(2);
  pool.ahead();
  await settled();
  start();
  await settled();
  t.is(await exec(), 0);
  t.deepEqual(
    lines.map(({ heard }) => heard.length > 0),
    [true, false, false],
  );
  pool.rest();
  t.is(await exec(), 0);
  t.is(lines.length, 3);
  pool.close();
  await settled();
  t.true(lines.every(({ isOpen }) => !isOpen));
});

test('a shell that has ended while it waited is not used', async (t) => {
  const { lines, pool, start, exec } = sessions(1);
  pool.ahead();
  await settled();
  start();
  await settled();
  pool.rest();
  lines[0]?.emit('close');
  await settled();
  t.is(await exec(), 0);
  t.deepEqual(
    lines.map(({ heard }) => heard.length > 0),
    [false, true],
  );
});

test('a shell whose container takes no commands is no spare one', async (t) => {
  const { lines, pool, exec } = sessions(1);
  pool.ahead();
  await settled();
  lines[0]?.status({ status: 'Failure', message: 'container not found' });
  await settled();
  pool.rest();
  t.is(await exec(), 0);
  t.is(lines.length, 2);
});
