import { readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import type { TaskLog } from '../../../src/logs/task-log.js';
import { openLog } from '../../support/open-log.js';
import { ScriptedLogServer } from '../../support/scripted-log-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

function lines(from: number, to: number, text = (index: number) => `line ${index} é🙂`): string {
  return Array.from({ length: to - from }, (_, index) => `${text(from + index)}\n`).join('');
}

async function feed(log: TaskLog, text: string): Promise<void> {
  const data = Buffer.from(text);
  await log.feed(data, log.position + data.length);
}

/** A server that does not answer from some point on, as one that is away when the agent is killed. */
class LeavingServer extends ScriptedLogServer {
  away = false;

  override async deliver(...[events]: Parameters<ScriptedLogServer['deliver']>) {
    if (this.away) return { kind: 'failed', cause: 'away', maybeDone: false, retryAfterMs: 5 } as const;
    return super.deliver(events);
  }
}

/** Sends a part of a log, and keeps another on disk. */
async function leftLog(runFolder: string, server: LeavingServer, given: { sent: string; unsent: string }) {
  const log = await openLog(runFolder, server, { limits: { segmentBytes: 4096 } });
  log.line('pulled');
  // A file of the spool is full only between two writes.
  for (const part of given.sent.match(/(.*\n){1,20}/g) ?? []) {
    await feed(log, part);
    await log.flush();
  }
  while (!server.text.endsWith(given.sent.slice(-20))) await new Promise((resolve) => setTimeout(resolve, 5));
  server.away = true;
  await feed(log, given.unsent);
  await log.detach();
}

const DAMAGES: [what: string, damage: (file: string) => void][] = [
  ['emptied', (file) => truncateSync(file)],
  ['removed', (file) => rmSync(file)],
  ['cut short', (file) => truncateSync(file, 20)],
  ['zeros', (file) => writeFileSync(file, Buffer.alloc(100))],
];

for (const [what, damage] of DAMAGES) {
  for (const [size, sent] of [
    ['short', lines(0, 5)],
    ['long', lines(0, 900)],
  ] as const) {
    test(`a ${size} log resumes at the offset of the server, its note ${what}`, async (t) => {
      const folder = temporaryFolder(t);
      const server = new LeavingServer();
      const unsent = lines(900, 910);
      await leftLog(folder, server, { sent, unsent });
      const spools = readdirSync(path.join(folder, 'log')).filter((name) => name.endsWith('.spool'));
      t.is(
        Number.parseInt(spools[0] ?? '', 10) === 0,
        size === 'short',
        'of a long one the start is removed',
      );
      server.away = false;
      damage(path.join(folder, 'log', 'upload.json'));
      const again = await openLog(folder, server, { resumed: true });
      await feed(again, lines(910, 912));
      t.true(await again.close());
      t.is(server.text, `pulled\n${sent}${lines(900, 912)}`);
      t.is(new Set(server.events.map(({ timestamp }) => timestamp)).size, server.events.length);
    });
  }
}

test('nothing is looked for where nothing was sent yet, but for what a first request may have brought', async (t) => {
  const folder = temporaryFolder(t);
  const server = new LeavingServer();
  server.away = true;
  const log = await openLog(folder, server);
  log.line('pulled');
  await log.detach();
  t.is(server.lookUps, 0);
  rmSync(path.join(folder, 'log', 'upload.json'), { force: true });
  server.away = false;
  const again = await openLog(folder, server, { resumed: true });
  t.true(await again.close());
  t.is(server.text, 'pulled\n');
});

test('events of others, with the name of the worker too, do not stop the search; the doubt is stated', async (t) => {
  const folder = temporaryFolder(t);
  const server = new LeavingServer();
  await leftLog(folder, server, { sent: lines(0, 3), unsent: lines(3, 5) });
  const last = server.events.at(-1);
  const others = [
    { worker: 'sdk', msg: 'from the SDK\n' },
    { worker: 'host:0', msg: 'of the same name\n' },
  ];
  for (const [index, one] of others.entries()) {
    server.events.push({
      type: 'log',
      level: 'INFO',
      task: 'task1',
      timestamp: (last?.timestamp ?? 0) + 1 + index,
      ...one,
    });
  }
  server.away = false;
  rmSync(path.join(folder, 'log', 'upload.json'));
  const again = await openLog(folder, server, { resumed: true });
  t.true(await again.close());
  t.is(
    server.text.replace('from the SDK\nof the same name\n', ''),
    `pulled\n${lines(0, 5)}[clearml-agent] lines above may be there twice: the note of what the server has of this log was lost\n`,
  );
});

test('of lines that are all alike none is lost, and the doubt is stated', async (t) => {
  const folder = temporaryFolder(t);
  const server = new LeavingServer();
  const same = (from: number, to: number) => lines(from, to, () => 'epoch done');
  await leftLog(folder, server, { sent: same(0, 900), unsent: same(0, 10) });
  server.away = false;
  rmSync(path.join(folder, 'log', 'upload.json'));
  const again = await openLog(folder, server, { resumed: true });
  t.true(await again.close());
  t.true(server.text.split('epoch done\n').length - 1 >= 910);
  t.regex(server.text, /lines above may be there twice/);
});

const LOSSES: [what: string, damage: (folder: string) => void][] = [
  ['gone', (folder) => rmSync(folder, { recursive: true })],
  [
    'full of zeros',
    (folder) => {
      for (const name of readdirSync(folder)) writeFileSync(path.join(folder, name), Buffer.alloc(300));
    },
  ],
];

for (const [what, damage] of LOSSES) {
  test(`a log whose folder is ${what} says that its lines may be there twice, before they are`, async (t) => {
    const folder = temporaryFolder(t);
    const server = new LeavingServer();
    await leftLog(folder, server, { sent: lines(0, 3), unsent: lines(3, 5) });
    server.away = false;
    damage(path.join(folder, 'log'));
    const again = await openLog(folder, server, { resumed: true });
    t.is(again.position, 0);
    await feed(again, lines(0, 6));
    t.true(await again.close());
    t.regex(
      server.text,
      /^pulled\n(line \d.*\n){3}\[clearml-agent\] lines below may be there twice: .*\n(line \d.*\n){6}$/u,
    );
  });
}
