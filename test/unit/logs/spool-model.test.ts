import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  truncateSync,
  writeFileSync,
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
  acknowledged: number;
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

function write(text: string): Step {
  return {
    check: () => true,
    run: async (model, real) => {
      model.written.push(text);
      real.spool.append({ time: model.written.length, level: 'DEBUG', text, position: model.written.length });
    },
    toString: () => `write ${JSON.stringify(text)}`,
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
  run: async (model, real) => {
    const { records, next } = await real.spool.read(real.offset);
    real.received.push(...records.map(({ text }) => text));
    real.offset = next;
    model.acknowledged = real.received.length;
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

/** All that was written arrives, once and in order. */
async function finish(model: Model, real: Real): Promise<void> {
  unblock(real);
  await until(
    async () => {
      await real.spool.flush();
      await acknowledge.run(model, real);
      return real.received.length >= model.written.length;
    },
    { what: 'all records' },
  );
  await real.spool.close();
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
      fc.constant(refuse),
      fc.constant(relent),
    ],
    { maxCommands: 40 },
  );
  const property = fc.asyncProperty(
    steps,
    fc.constantFrom(1, 150, 100_000),
    async (commands, segmentBytes) => {
      const model: Model = { written: [], acknowledged: 0 };
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
      t.deepEqual(real.received, model.written);
    },
  );
  await fc.assert(property, { numRuns: 120 });
});
