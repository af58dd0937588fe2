import { createHash } from 'node:crypto';
import { constants } from 'node:os';
import type { ExecutionContext } from 'ava';
import type { Driver, Place, PlaceRequest, Workload, WorkloadExit } from '../../src/drivers/driver.js';
import { placeCases } from './driver-contract-places.js';
import { stopCases } from './driver-contract-stops.js';
import { outputWhere, wholeOutput } from './workload-output.js';

/** An open place of a driver, and what its daemon and the next one do. */
export interface ContractRun {
  driver: Driver;
  place: Place;
  request: PlaceRequest;
  /** Another driver for the same places, as a later daemon has it. */
  later(): Driver | Promise<Driver>;
  /** Ends the driver's watch, as the end of its daemon does. */
  leaves(): void;
}

/** A driver and a request of a place that is not open. */
export interface ContractBench {
  driver: Driver;
  request: PlaceRequest;
  abort(): void;
}

/** How a driver takes part in the cases that all drivers have in common. */
export interface ContractSubject {
  /** Most milliseconds between the end of a command and `exited`, as the contract promises it. */
  exitMs: number;
  /** Opens a place that ends with the test. */
  open(t: ExecutionContext): Promise<ContractRun>;
  /** The same with 64 MB of memory; a text where the driver gives no limit. */
  small: ((t: ExecutionContext) => Promise<ContractRun>) | string;
  /** What the driver says of a command that had too little memory. */
  outOfMemory?: Partial<WorkloadExit>;
  /** Takes the place away from under its command. */
  lose(run: ContractRun, workload: Workload): Promise<unknown>;
  /** How that ends the command; `lost` where absent. */
  lost?: readonly WorkloadExit['kind'][];
  /** A place that does not open for long; a text where all open at once. */
  slow: ((t: ExecutionContext) => Promise<ContractBench>) | string;
  /** A place that cannot be opened, or in which no command can be launched, and the cause. */
  refused(t: ExecutionContext): Promise<ContractBench & { cause: RegExp }>;
  /** What is there of a run on the machine, engine or cluster; empty after `dispose`. */
  left(request: PlaceRequest, place?: Place): Promise<readonly string[]>;
  /** The engine knows a signal by the exit code alone: 137 counts as SIGKILL. */
  onlyCodes?: true;
  /**
   * The command is the first process of its namespace: the kernel drops signals from inside that it does not handle. Then
   * this kills it from outside.
   */
  killFirstProcess?(workload: Workload): Promise<unknown>;
}

/** Of a test file: declares a test that runs where the driver's parts are there. */
export type Declare = (title: string, implementation: (t: ExecutionContext) => Promise<void>) => void;

export interface Contract {
  declare: Declare;
  subject: ContractSubject;
}

/** Declares the cases that all drivers have in common. */
export function driverContract(declare: Declare, subject: ContractSubject): void {
  const contract = { declare, subject };
  outputCases(contract);
  exitCases(contract);
  stopCases(contract);
  placeCases(contract);
}

/** Launches a shell script with parameters. */
export function sh({ driver, place }: ContractRun, script: string, ...words: string[]): Promise<Workload> {
  return driver.launch(place, { argv: ['sh', '-c', script, 'sh', ...words] });
}

/** Waits until the command has printed `ready`. */
export function ready(workload: Workload): ReturnType<typeof outputWhere> {
  return outputWhere(workload, (text) => text.includes('ready'));
}

const OUTPUTS: Record<string, { script: string; bytes: Buffer }> = {
  'no bytes': { script: ':', bytes: Buffer.alloc(0) },
  'one byte': { script: 'printf x', bytes: Buffer.from('x') },
  'no newline at its end': { script: 'echo a; printf b', bytes: Buffer.from('a\nb') },
  'bytes that are not UTF-8': {
    script: String.raw`printf 'a\377\376b\n'`,
    bytes: Buffer.from([0x61, 0xff, 0xfe, 0x62, 0x0a]),
  },
  'a progress bar': {
    script: String.raw`for i in 1 2 3; do printf '\r%d/3' $i; sleep 0.2; done`,
    bytes: Buffer.from('\r1/3\r2/3\r3/3'),
  },
  'both streams': { script: 'echo out; sleep 0.2; echo err >&2', bytes: Buffer.from('out\nerr\n') },
};

const MANY = 100_000_000;
/** As an agent does it. */
const RELEASE_BYTES = 16 * 1024 * 1024;

function outputCases({ declare, subject }: Contract): void {
  for (const [title, { script, bytes }] of Object.entries(OUTPUTS))
    declare(`contract: output of ${title} comes as it was written`, async (t) => {
      const run = await subject.open(t);
      const workload = await sh(run, script);
      t.deepEqual((await wholeOutput(workload)).bytes, bytes);
      t.deepEqual(await workload.exited, { kind: 'exited', code: 0 });
    });

  declare('contract: 100 MB of output come whole', async (t) => {
    t.timeout(180_000);
    const run = await subject.open(t);
    const workload = await sh(run, `yes 123456789 | head -c ${MANY}`);
    const hash = createHash('sha256');
    let bytes = 0;
    let released = 0;
    for await (const { data } of workload.output(0, new AbortController().signal)) {
      hash.update(data);
      bytes += data.length;
      if (bytes - released < RELEASE_BYTES) continue;
      released = bytes;
      await workload.release(bytes);
    }
    t.is(bytes, MANY);
    t.is(
      hash.digest('hex'),
      createHash('sha256')
        .update('123456789\n'.repeat(MANY / 10))
        .digest('hex'),
    );
  });

  declare('contract: output comes while the command runs', async (t) => {
    const run = await subject.open(t);
    const workload = await sh(run, 'echo ready; exec sleep 600');
    t.is(Buffer.from((await ready(workload))?.data ?? []).toString(), 'ready\n');
    await workload.stop(0);
  });
}

const CODES = [0, 1, 66, 75, 127, 137, 143, 255];
const SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGSEGV', 'SIGABRT'];

function signalOf(number: number): string | undefined {
  return Object.entries(constants.signals).find(([, one]) => one === number)?.[0];
}

function exitCases({ declare, subject }: Contract): void {
  declare('contract: the exit code of a command is known', async (t) => {
    t.timeout(180_000);
    for (const code of CODES) {
      const run = await subject.open(t);
      const workload = await sh(run, `exit ${code}`);
      const name = subject.onlyCodes ? signalOf(code - 128) : undefined;
      t.deepEqual(
        await workload.exited,
        name === undefined ? { kind: 'exited', code } : { kind: 'signalled', signal: name },
      );
      await run.driver.dispose(run.place.ref);
    }
  });

  declare('contract: the signal that ends a command is known', async (t) => {
    t.timeout(180_000);
    for (const signal of SIGNALS) {
      const run = await subject.open(t);
      const outside = signal === 'SIGKILL' ? subject.killFirstProcess : undefined;
      const self = `kill -${signal.slice(3)} $$`;
      const workload = await sh(run, outside ? 'exec sleep 600' : `${self}; exit 3`);
      await outside?.(workload);
      const isDropped = subject.killFirstProcess !== undefined && outside === undefined;
      t.deepEqual(
        await workload.exited,
        isDropped ? { kind: 'exited', code: 3 } : { kind: 'signalled', signal },
        signal,
      );
      await run.driver.dispose(run.place.ref);
    }
  });

  declare('contract: the end of a command is known soon', async (t) => {
    const run = await subject.open(t);
    const workload = await sh(run, 'echo ready; sleep 1; date +%s');
    const output = wholeOutput(workload);
    await workload.exited;
    const noticed = Date.now();
    const seconds = Number((await output).bytes.toString().split('\n')[1]);
    t.true(seconds > 0);
    // `date` of BusyBox has whole seconds, and a busy machine takes thirty times as long.
    t.true(noticed - seconds * 1000 < 1000 + 30 * subject.exitMs, `${noticed} ${seconds}`);
  });

  const { small } = subject;
  if (typeof small !== 'string')
    declare('contract: a command that runs out of memory is told from one that was killed', async (t) => {
      const run = await small(t);
      const workload = await sh(run, 'exec tail /dev/zero');
      const expected = subject.outOfMemory ?? { kind: 'signalled', signal: 'SIGKILL', oomKilled: true };
      t.like(await workload.exited, expected);
    });
}
