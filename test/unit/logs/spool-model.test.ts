import assert from 'node:assert/strict';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmdirSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { Spool } from '../../../src/logs/spool.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { until } from '../../support/until.js';

/** What a spool is to be: a list of texts, of which the first ones have been acknowledged. */
interface Model {
  written: string[];
  /** Places of the stream where the disk has changed a bit. */
  flips: Set<number>;
}

/** A spool, the output that it is fed from, and what its reader got. */
interface Real {
  spool: Spool;
  folder: string;
  received: string[];
  /** Place up to which the reader has acknowledged. */
  offset: number;
  /** In place of the next file, so that the disk refuses it. */
  obstacle: string | undefined;
  nextFolder(): string;
  segmentBytes: number;
}

type Step = fc.AsyncCommand<Model, Real>;

const open = ({ folder, segmentBytes }: Pick<Real, 'folder' | 'segmentBytes'>) =>
  Spool.open({ folder, limits: { segmentBytes, diskRetryMs: 1 } });

/** Every text begins with its number. */
function write(words: string): Step {
  return {
    check: () => true,
    run: async (model, real) => {
      const text = `${model.written.length} ${words}`;
      model.written.push(text);
      real.spool.append({ time: model.written.length, level: 'DEBUG', text, position: model.written.length });
    },
    toString: () => `write ${JSON.stringify(words)}`,
  };
}

const flush: Step = {
  check: () => true,
  run: async (_, real) => real.spool.flush(),
  toString: () => 'flush',
};

/** Reads a part and acknowledges it, as the uploader does. */
const acknowledge: Step = {
  check: () => true,
  run: async (_, real) => {
    const { records, next } = await real.spool.read(real.offset);
    real.received.push(...records.map(({ text }) => text));
    real.offset = next;
    await real.spool.release(next);
  },
  toString: () => 'acknowledge',
};

/** The process is killed: what was in memory is gone, the last file may end anywhere behind what was acknowledged. */
function crash(torn: number): Step {
  return {
    check: () => true,
    run: async (model, real) => {
      unblock(real);
      const folder = real.nextFolder();
      cpSync(real.folder, folder, { recursive: true });
      await real.spool.close();
      real.folder = folder;
      tear(folder, torn, real.offset);
      real.spool = await open(real);
      // What the workload printed after the position is read again.
      const rest = model.written.slice(real.spool.position);
      for (const [index, text] of rest.entries()) {
        const position = model.written.length - rest.length + index + 1;
        real.spool.append({ time: position, level: 'DEBUG', text, position });
      }
    },
    toString: () => `crash ${torn}`,
  };
}

/** Cuts bytes off, or overwrites them with zeros, as a power cut does; what was sent is not touched. */
function tear(folder: string, torn: number, acknowledged: number): void {
  const name = readdirSync(folder).sort().at(-1);
  if (name === undefined) return;
  const file = path.join(folder, name);
  const bytes = readFileSync(file);
  const least = Math.max(0, acknowledged - Number.parseInt(name, 10));
  const size = Math.max(least, bytes.length - torn);
  if (torn % 2 === 0) truncateSync(file, size);
  else writeFileSync(file, bytes.fill(0, size));
}

/** The disk changes a bit of what is not acknowledged; it never heals one. */
function flip(part: number, bit: number): Step {
  return {
    check: () => true,
    run: async (model, real) => {
      await real.spool.flush();
      const bytes = readdirSync(real.folder, { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => ({ file: path.join(real.folder, name), start: Number.parseInt(name, 10) }))
        .flatMap(({ file, start }) => {
          const least = Math.max(0, real.offset - start);
          return Array.from({ length: Math.max(0, statSync(file).size - least) }, (_, index) => ({
            file,
            start,
            place: least + index,
          }));
        });
      const chosen = bytes[Math.floor(part * bytes.length)];
      if (chosen === undefined || model.flips.has(chosen.start + chosen.place)) return;
      model.flips.add(chosen.start + chosen.place);
      flipBit(chosen.file, chosen.place, bit);
    },
    toString: () => `flip bit ${bit} at ${part}`,
  };
}

function flipBit(file: string, place: number, bit: number): void {
  const handle = openSync(file, 'r+');
  const byte = Buffer.alloc(1);
  readSync(handle, byte, 0, 1, place);
  writeSync(
    handle,
    byte.map((value) => value ^ (1 << bit)),
    0,
    1,
    place,
  );
  closeSync(handle);
}

const refuse: Step = {
  check: () => true,
  run: async (_, real) => {
    await real.spool.flush();
    if (real.obstacle !== undefined) return;
    const obstacle = path.join(real.folder, `${String(real.spool.end).padStart(16, '0')}.spool`);
    if (existsSync(obstacle)) return;
    mkdirSync(obstacle);
    real.obstacle = obstacle;
  },
  toString: () => 'disk refuses',
};

const relent: Step = {
  check: () => true,
  run: async (_, real) => unblock(real),
  toString: () => 'disk writes again',
};

function unblock(real: Real): void {
  if (real.obstacle !== undefined) rmdirSync(real.obstacle);
  real.obstacle = undefined;
}

/** Reads all that is left. */
async function finish(model: Model, real: Real): Promise<void> {
  unblock(real);
  await until(
    async () => {
      await real.spool.flush();
      await acknowledge.run(model, real);
      return real.offset >= real.spool.end;
    },
    { what: 'all records' },
  );
  await real.spool.close();
}

const NOTE = /^\[clearml-agent\] lines are missing here: the disk damaged \d+ bytes of the log\n$/;

/** All that was written arrives, once and in order; a note stands in the place of what the disk damaged. */
function assertArrived({ written, flips }: Model, received: readonly string[]): void {
  let next = 0;
  let noted = false;
  for (const text of received) {
    if (NOTE.test(text)) {
      assert.ok(flips.size > 0, 'no damage without a changed bit');
      noted = true;
      continue;
    }
    const index = Number.parseInt(text, 10);
    assert.equal(text, written[index]);
    assert.ok(index === next || (index > next && noted), `${index} in place of ${next}`);
    next = index + 1;
    noted = false;
  }
  assert.ok(next === written.length || noted, `all after ${next}`);
}

test('a spool loses, repeats and swaps nothing, whatever happens to it', async (t) => {
  const root = temporaryFolder(t);
  let folders = 0;
  const nextFolder = () => path.join(root, String(folders++));
  const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map((one) => `${one}\n`);
  const steps = fc.commands(
    [
      text.map(write),
      text.map(write),
      fc.constant(flush),
      fc.constant(acknowledge),
      fc.nat(120).map(crash),
      fc
        .tuple(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), fc.nat(7))
        .map(([part, bit]) => flip(part, bit)),
      fc.constant(refuse),
      fc.constant(relent),
    ],
    { maxCommands: 40 },
  );
  const property = fc.asyncProperty(
    steps,
    fc.constantFrom(1, 150, 100_000),
    async (commands, segmentBytes) => {
      const model: Model = { written: [], flips: new Set() };
      const folder = nextFolder();
      const spool = await open({ folder, segmentBytes });
      const real: Real = {
        spool,
        folder,
        received: [],
        offset: 0,
        obstacle: undefined,
        nextFolder,
        segmentBytes,
      };
      await fc.asyncModelRun(() => ({ model, real }), commands);
      await finish(model, real);
      assertArrived(model, real.received);
    },
  );
  await t.notThrowsAsync(() => fc.assert(property, { numRuns: 120 }));
});
