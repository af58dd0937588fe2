import { cpSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import type { TaskLog } from '../../../src/logs/task-log.js';
import { openLog } from '../../support/open-log.js';
import { ScriptedLogServer } from '../../support/scripted-log-server.js';
import { fillDisk, onSmallDisk, smallDisk } from '../../support/small-disk.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

function lines(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, index) => `line ${from + index} é🙂\n`).join('');
}

const LIMITS = { limits: { segmentBytes: 4096, diskRetryMs: 50 } };

/** The output of a workload, of which a log reads more and more. */
async function feedUpTo(log: TaskLog, output: string): Promise<void> {
  const rest = Buffer.from(output).subarray(log.position);
  await log.feed(rest, log.position + rest.length);
}

interface Case {
  /** Lines that reach the disk. */
  before: number;
  /** Lines that are sent from memory while the disk is full: more than the pages hold that a note gives back. */
  during: number;
  /** Room comes back before the kill, and so many lines more. */
  after?: number;
  /** The note of what is sent is written all the same. */
  noted?: true;
}

const CASES: [what: string, given: Case][] = [
  ['after some lines', { before: 5, during: 1000 }],
  ['after many lines', { before: 900, during: 1000 }],
  ['where the note found room', { before: 5, during: 1000, noted: true }],
  ['after many lines, where the note found room', { before: 900, during: 1000, noted: true }],
  ['and there was room again', { before: 5, during: 1000, after: 4 }],
];

/** What a kill leaves of a log that met a full disk, at another place. */
async function killed(t: ExecutionContext, server: ScriptedLogServer, given: Case): Promise<string> {
  const { before, during, after, noted } = given;
  const disk = smallDisk(t, 1);
  const log = await openLog(disk, server, LIMITS);
  log.line('pulled');
  for (let at = 0; at < before; at += 20) {
    await feedUpTo(log, lines(0, Math.min(at + 20, before)));
    await log.flush();
  }
  const reached = (count: number) =>
    until(() => server.text.endsWith(`line ${count - 1} é🙂\n`), { what: `line ${count - 1}` });
  await reached(before);
  await until(async () => (await log.kept()) === Buffer.byteLength(lines(0, before)), { what: 'the disk' });
  const ballast = fillDisk(disk);
  const end = before + during;
  await feedUpTo(log, lines(0, end));
  await reached(end);
  t.true((await log.kept()) < Buffer.byteLength(lines(0, end)), 'what is in memory alone is not kept');
  if (after !== undefined) {
    rmSync(ballast);
    await feedUpTo(log, lines(0, end + after));
    await reached(end + after);
  }
  const left = temporaryFolder(t);
  cpSync(path.join(disk, 'log'), path.join(left, 'log'), { recursive: true });
  if (noted) {
    const cursor = { offset: 10_000_000, skip: 0 };
    const lastTime = server.events.at(-1)?.timestamp ?? 0;
    writeFileSync(path.join(left, 'log', 'upload.json'), JSON.stringify({ version: 2, cursor, lastTime }));
  }
  await log.detach();
  return left;
}

for (const [what, given] of CASES) {
  onSmallDisk(
    `a log whose agent was killed while its disk was full ${what} has each line once`,
    async (t) => {
      const server = new ScriptedLogServer();
      const left = await killed(t, server, given);
      const again = await openLog(left, server, LIMITS);
      await feedUpTo(again, lines(0, 2000));
      t.true(await again.close());
      t.is(server.text, `pulled\n${lines(0, 2000)}`);
    },
  );
}
