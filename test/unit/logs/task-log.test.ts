import { cpSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import fc from 'fast-check';
import type { LogServer } from '../../../src/logs/delivery.js';
import type { TaskLog } from '../../../src/logs/task-log.js';
import { Redactor } from '../../../src/secrets/redactor.js';
import { openLog } from '../../support/open-log.js';
import { type Fate, ScriptedLogServer } from '../../support/scripted-log-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

const LINES = Buffer.from(Array.from({ length: 60 }, (_, index) => `línea ${index} 🙂\n`).join(''));

async function feedAll(log: TaskLog, source: Buffer, sizes: readonly number[]): Promise<void> {
  let at = log.position;
  for (const size of [...sizes, source.length]) {
    const data = source.subarray(at, at + size);
    at += data.length;
    if (data.length > 0) await log.feed(data, at);
  }
}

test('lines, tool output and the workload reach the server in order', async (t) => {
  const server = new ScriptedLogServer();
  const echoed: string[] = [];
  const log = await openLog(temporaryFolder(t), server, { echo: (text) => echoed.push(text) });
  log.line('pulled', 'INFO');
  log.output('Collecting');
  log.output(' numpy\nhalf');
  log.line('start');
  await log.feed(Buffer.from('out\nprompt> '), 12);
  log.line('User aborted', 'ERROR');
  await log.feed(Buffer.from('rest'), 16);
  t.true(await log.close());
  const expected = 'pulled\nCollecting numpy\nhalf\nstart\nout\nprompt> \nUser aborted\nrest\n';
  t.is(server.text, expected);
  t.is(echoed.join(''), expected);
  t.is(log.position, 16);
  t.deepEqual(
    server.events.filter(({ level }) => level === 'ERROR').map(({ msg }) => msg),
    ['\nUser aborted\n'],
  );
});

test('the last line has no end on the server, and one on the terminal', async (t) => {
  const server = new ScriptedLogServer();
  const echoed: string[] = [];
  const folder = temporaryFolder(t);
  const log = await openLog(folder, server, { echo: (text) => echoed.push(text) });
  await log.feed(Buffer.from('out'), 3);
  log.endOutput();
  log.lastLine('Process completed successfully', 'DEBUG');
  t.true(await log.close());
  t.is(server.text, 'out\nProcess completed successfully');
  t.is(echoed.join(''), 'out\nProcess completed successfully\n');
  // A daemon that was killed before it noted the end says it again.
  const again = await openLog(folder, server);
  again.lastLine('Process completed successfully', 'DEBUG');
  t.true(await again.close());
  t.is(server.text, 'out\nProcess completed successfully\nProcess completed successfully');
});

test('a line of the agent shows controls of names in it; output of programs stays as it is', async (t) => {
  const server = new ScriptedLogServer();
  const redactor = new Redactor();
  redactor.add('pass\u0007word-1');
  const log = await openLog(temporaryFolder(t), server, { redactor });
  log.line('no file \u001b]0;x\u0007.py\n  \u202eup\rpass\u0007word-1');
  log.output('\u001b[32mok\u001b[0m\n');
  t.true(await log.close());
  t.is(server.text, 'no file \\x1b]0;x\\x07.py\n  \\u202eup\\r********\\x07\n\u001b[32mok\u001b[0m\n');
});

test('a last line without an end is whole before what the agent says of the end', async (t) => {
  const server = new ScriptedLogServer();
  const redactor = new Redactor();
  redactor.add('extra-secret');
  const log = await openLog(temporaryFolder(t), server, { redactor });
  await log.feed(Buffer.from('one, too late'), 13);
  log.endOutput();
  log.line('Process completed successfully');
  t.true(await log.close());
  t.is(server.text, 'one, too late\nProcess completed successfully\n');
});

const FATES: readonly Fate[] = ['ok', 'answer-lost', 'half', 'broken', 'busy'];

test('a server that loses answers, breaks connections or is busy gets every line once', async (t) => {
  const root = temporaryFolder(t);
  let runs = 0;
  const property = fc.asyncProperty(
    fc.array(fc.constantFrom(...FATES), { maxLength: 12 }),
    fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 12 }),
    async (fates, sizes) => {
      const server = new ScriptedLogServer(fates);
      const log = await openLog(path.join(root, String(runs++)), server);
      await feedAll(log, LINES, sizes);
      t.true(await log.close());
      t.is(server.text, LINES.toString());
    },
  );
  await t.notThrowsAsync(() => fc.assert(property, { numRuns: 60 }));
});

test('killed between any two steps, the next run loses and repeats nothing, also one of another worker', async (t) => {
  const root = temporaryFolder(t);
  let runs = 0;
  const property = fc.asyncProperty(
    fc.array(fc.constantFrom(...FATES), { maxLength: 6 }),
    fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 10 }),
    fc.integer({ min: 1, max: 4 }),
    fc.constantFrom('host:0', 'host:1'),
    async (fates, sizes, killAt, worker) => {
      const folder = path.join(root, String(runs++));
      const server = new ScriptedLogServer(fates);
      const image = await runUntilKilled({ folder, server, sizes, killAt });
      const log = await openLog(image, server, { worker });
      await feedAll(log, LINES, []);
      t.true(await log.close());
      t.is(server.text, LINES.toString());
    },
  );
  await t.notThrowsAsync(() => fc.assert(property, { numRuns: 60 }));
});

interface KilledRun {
  folder: string;
  server: ScriptedLogServer;
  sizes: readonly number[];
  /** The delivery at whose end the disk is as the killed process left it. */
  killAt: number;
}

/** Runs until a delivery and gives the folder as it was on disk at that moment; later deliveries never happen. */
async function runUntilKilled({ folder, server, sizes, killAt }: KilledRun): Promise<string> {
  const image = `${folder}.killed`;
  let deliveries = 0;
  const killed = () => deliveries >= killAt;
  const dying: LogServer = {
    deliver: async (events) => {
      if (killed()) return { kind: 'failed', cause: 'dead', maybeDone: false };
      const answer = await server.deliver(events);
      deliveries += 1;
      if (killed()) cpSync(folder, image, { recursive: true });
      return answer;
    },
    stored: (query) => server.stored(query),
  };
  const log = await openLog(folder, dying);
  await feedAll(log, LINES, sizes);
  await log.flush();
  await until(() => killed() || isSent(server), { what: 'the kill' });
  await log.detach();
  if (!killed()) cpSync(folder, image, { recursive: true });
  return image;
}

function isSent(server: ScriptedLogServer): boolean {
  return server.text.length >= LINES.toString().length;
}

for (const fate of ['busy', 'broken', 'half', 'answer-lost'] as const) {
  test(`a log that is held is not sent again after a failure (${fate}), and resumes once it is released`, async (t) => {
    const server = new ScriptedLogServer([fate]);
    const log = await openLog(temporaryFolder(t), server);
    server.onDelivered = () => log.hold(server.deliveries.length === 1);
    log.line('one');
    await until(() => log.isHeld, { what: 'the first delivery' });
    const { length } = server.events;
    // Many times the pause between two tries.
    await sleep(100);
    t.is(server.deliveries.length, 1);
    t.is(server.events.length, length);
    log.hold(false);
    t.true(await log.close());
    t.is(server.text, 'one\n');
  });
}

test('a restart resumes after an unfinished line that was shown', async (t) => {
  const folder = temporaryFolder(t);
  const server = new ScriptedLogServer();
  const first = await openLog(folder, server);
  await first.feed(Buffer.from('one\ntwo thr'), 11);
  await first.flush();
  await first.detach();
  const second = await openLog(folder, server);
  t.is(second.position, 11);
  await second.feed(Buffer.from('ee\nfour'), 18);
  t.true(await second.close());
  t.is(server.text, 'one\ntwo three\nfour\n');
});

test('secrets do not reach server, echo or disk, wherever the output is cut', async (t) => {
  const folder = temporaryFolder(t);
  const server = new ScriptedLogServer();
  const echoed: string[] = [];
  const redactor = new Redactor(['s3cret-value']);
  const log = await openLog(folder, server, { redactor, echo: (text) => echoed.push(text) });
  const source = Buffer.from('token s3cret-value and https://user:hunter2@host/x\n');
  for (let at = 0; at < source.length; at += 1) {
    await log.feed(source.subarray(at, at + 1), at + 1);
    await log.flush();
  }
  t.true(await log.close());
  const clean = 'token ******** and https://user:********@host/x\n';
  t.is(server.text, clean);
  t.is(echoed.join(''), clean);
});

test('a refused part is dropped with a warning, and the log continues', async (t) => {
  const warnings: string[] = [];
  const server = new ScriptedLogServer(['refused']);
  const logger = { warn: (line: string) => warnings.push(line), info: () => undefined };
  const log = await openLog(temporaryFolder(t), server, { logger });
  log.line('first');
  await until(() => warnings.length > 0, { what: 'the refusal' });
  log.line('second');
  t.true(await log.close());
  t.is(server.text, 'second\n');
  t.deepEqual(warnings, ['the server refused a part of the log of task task1: refused']);
});

test('a server that finds requests too large gets smaller ones', async (t) => {
  const server = new ScriptedLogServer(['too-large', 'too-large', 'too-large']);
  const log = await openLog(temporaryFolder(t), server);
  const text = `${'x'.repeat(200_000)}\n`;
  await log.feed(Buffer.from(text), text.length);
  t.true(await log.close());
  t.is(server.text, text);
  t.true(server.deliveries.length > 3);
});

test('closing gives up waiting for a dead server when its signal aborts, and the rest stays on disk', async (t) => {
  const folder = temporaryFolder(t);
  const dead: LogServer = {
    deliver: async () => ({ kind: 'failed', cause: 'down', maybeDone: false }),
    stored: async () => ({ kind: 'failed', cause: 'down' }),
  };
  const log = await openLog(folder, dead);
  log.line('kept');
  t.false(await log.close(AbortSignal.timeout(50)));
  const server = new ScriptedLogServer();
  const next = await openLog(folder, server);
  t.true(await next.close());
  t.is(server.text, 'kept\n');
});

test('sent files do not pile up on disk', async (t) => {
  const folder = temporaryFolder(t);
  const server = new ScriptedLogServer();
  const log = await openLog(folder, server, { limits: { segmentBytes: 1000 } });
  for (let index = 0; index < 200; index += 1) {
    log.line(`line ${index} ${'.'.repeat(50)}`);
    if (index % 10 === 0) await log.flush();
  }
  t.true(await log.close());
  t.deepEqual(readdirSync(path.join(folder, 'log')).length, 2);
});

test('output is not read far ahead of what the server takes, and the wait ends with its signal', async (t) => {
  const folder = temporaryFolder(t);
  const gate = { open: false };
  const server = new ScriptedLogServer();
  const slow: LogServer = {
    deliver: async (events) =>
      gate.open ? server.deliver(events) : { kind: 'failed', cause: 'down', maybeDone: false },
    stored: (query) => server.stored(query),
  };
  const log = await openLog(folder, slow, { aheadBytes: 600 * 1024 });
  const chunk = Buffer.alloc(16 * 1024, `${'x'.repeat(1023)}\n`);
  const stop = new AbortController();
  let fed = 0;
  const feeding = (async () => {
    while (fed < 80 && !stop.signal.aborted) {
      fed += 1;
      await log.feed(chunk, fed * chunk.length, stop.signal);
    }
  })();
  await until(() => fed > 38, { what: 'the reader to be far ahead' });
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.true(fed < 70, `${fed} of 80`);
  stop.abort();
  await feeding;
  gate.open = true;
  t.true(await log.close());
  t.is(server.text.length, fed * chunk.length);
});
