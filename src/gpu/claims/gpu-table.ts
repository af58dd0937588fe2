import { createHash, randomBytes } from 'node:crypto';
import path from 'node:path';
import { AgentError } from '../../errors.js';
import { clearFolderAway } from '../../os/files.js';
import { withLock } from '../../os/lock.js';
import { showLife } from '../../os/lock-life.js';
import { clearLeftovers } from './housekeeping.js';
import { type Here, holderLives, lifeFile, stands, whereWeAre } from './liveness.js';
import {
  CLAIM_ID,
  type RecordKind,
  type Records,
  readRecords,
  recordFile,
  removeRecord,
  writeRecord,
} from './records.js';
import { overdrawn, overlaps } from './shares.js';
import { ensureShared } from './table-folder.js';
import type { Claim, Device, Holder, NewClaim, TableView } from './types.js';
import { watchOthers } from './watch-others.js';

export interface GpuTableOptions {
  /** As `tablePlace` returns it. */
  folder: string;
  /** Whether a device may be claimed beyond a share of 1 (`agent.gpu_sharing`). */
  sharing?: boolean;
  warn: (line: string) => void;
}

/** Work under the lock takes milliseconds; a disk that hangs takes longer. */
const LOCK_MS = 10_000;

/**
 * The machine's table of GPU claims, a folder that the agents of all users share. A claim is a file of its own, written
 * whole; claims are made under one lock for the machine.
 */
export class GpuTable {
  readonly #options: GpuTableOptions;
  readonly #here: Here;
  readonly #nonce = randomBytes(5).toString('hex');
  /** What this process holds: it writes them again where they are lost or damaged. */
  readonly #mine = new Map<string, Claim>();
  #endLife: (() => Promise<void>) | undefined;

  private constructor(options: GpuTableOptions, here: Here) {
    this.#options = options;
    this.#here = here;
  }

  static async open(options: GpuTableOptions): Promise<GpuTable> {
    return new GpuTable(options, await whereWeAre());
  }

  /** What is claimed now. Claims whose agent and run are gone are left out. Takes no lock, writes nothing. */
  async read(): Promise<TableView> {
    return this.#living(await readRecords(this.#options.folder));
  }

  /**
   * Claims what `choose` picks; it runs under the machine's lock, so what it sees free is free. The claim is on disk
   * when this resolves.
   *
   * @param choose `undefined` claims nothing
   * @throws AgentError LOCK_TIMEOUT, DISK_FULL, WRITE_DENIED, GPU_TABLE (a claim in the table cannot be read, or
   *   `choose` took more than is free)
   */
  async claim(choose: (view: TableView) => NewClaim | undefined): Promise<Claim | undefined> {
    return this.#locked(async (view) => {
      const [damaged] = view.damaged;
      if (damaged !== undefined) throw damagedTable(damaged);
      const wanted = choose(view);
      if (wanted === undefined) return undefined;
      const over = this.#options.sharing === true ? undefined : overdrawn(view.claims, wanted.devices);
      if (over !== undefined)
        throw new AgentError('GPU_TABLE', `GPU ${over.id} has less free than the share of ${over.share}`);
      return this.#write({ ...wanted, id: randomBytes(8).toString('hex'), holder: this.#holder() });
    });
  }

  /**
   * Writes a claim under its id with this process as holder: the task and run folder of a claim made before the pull,
   * a later `endsBy`, or the claim of a run that an earlier daemon left. It is written even where another
   * claim has one of its devices meanwhile, as the workload runs there.
   *
   * @returns the claim as written, and the claims of others on the same devices beyond a share of 1
   * @throws AgentError LOCK_TIMEOUT, DISK_FULL, WRITE_DENIED
   */
  async adopt(claim: Omit<Claim, 'holder'>): Promise<{ claim: Claim; conflicts: readonly Claim[] }> {
    if (!CLAIM_ID.test(claim.id))
      throw new AgentError('GPU_TABLE', `expected the id of a GPU claim, found "${claim.id}"`);
    return this.#locked(async ({ claims }) => {
      const others = claims.filter(({ id }) => id !== claim.id);
      const over = overdrawn(others, claim.devices);
      const conflicts =
        over === undefined ? [] : others.filter(({ devices }) => devices.some((one) => overlaps(one, over)));
      return { claim: await this.#write({ ...claim, holder: this.#holder() }), conflicts };
    });
  }

  /** Frees the devices of a claim. One that is gone already is no error. Takes no lock. */
  async release(id: string): Promise<void> {
    this.#mine.delete(id);
    if (CLAIM_ID.test(id)) await removeRecord(this.#file('claim', id));
  }

  /** Replaces the worker's reservation. It ends with this process. */
  async reserve(
    worker: string,
    devices: readonly Pick<Device, 'id' | 'key'>[],
    until: number,
  ): Promise<void> {
    const named = devices.map(({ id, key }) => ({ id, key }));
    await this.#locked(() =>
      writeRecord(this.#file('reservation', hashed(worker)), {
        worker,
        devices: named,
        until,
        holder: this.#holder(),
      }),
    );
  }

  async unreserve(worker: string): Promise<void> {
    await removeRecord(this.#file('reservation', hashed(worker)));
  }

  /** Takes a device out of service for every agent of the machine until `enable`. */
  async disable({ id, key }: Pick<Device, 'id' | 'key'>, reason: string): Promise<void> {
    const at = Date.now();
    await this.#locked(() => writeRecord(this.#file('out-of-service', hashed(key)), { key, id, reason, at }));
  }

  /** @returns whether it was out of service */
  async enable(key: string): Promise<boolean> {
    return this.#locked(async ({ outOfService }) => {
      await removeRecord(this.#file('out-of-service', hashed(key)));
      return outOfService.some((one) => one.key === key);
    });
  }

  /**
   * Calls back soon after something of others has changed in the table, until the signal aborts. Resolves once it watches.
   */
  watch(signal: AbortSignal, onChange: () => void): Promise<void> {
    return watchOthers({
      folder: this.#options.folder,
      nonce: this.#nonce,
      signal,
      onChange,
      read: () => this.#look(),
    });
  }

  /** Ends the sign of life. Claims that are left stay as long as their runs. */
  async close(): Promise<void> {
    this.#mine.clear();
    await this.#endLife?.();
    this.#endLife = undefined;
  }

  async #look(): Promise<TableView> {
    const view = await this.read();
    if (this.#lost(view).length === 0) return view;
    return this.#locked(async (healed) => healed);
  }

  async #locked<T>(work: (view: TableView) => Promise<T>): Promise<T> {
    const { folder } = this.#options;
    await ensureShared(folder);
    const options = { timeoutMs: LOCK_MS, what: 'the table of GPU claims', shared: true };
    return withLock(path.join(folder, 'lock'), options, async () => {
      this.#endLife ??= await showLife(lifeFile(folder, this.#nonce), 0o666);
      await clearLeftovers(folder, this.#nonce);
      return work(await this.#clean());
    });
  }

  /** The view after the records of the dead are removed and lost ones of this process written again. */
  async #clean(): Promise<TableView> {
    const records = await readRecords(this.#options.folder);
    const view = await this.#living(records);
    for (const { id } of records.claims.filter((one) => !view.claims.includes(one)))
      await removeRecord(this.#file('claim', id)).catch(() => undefined);
    for (const { worker } of records.reservations.filter((one) => !view.reservations.includes(one)))
      await removeRecord(this.#file('reservation', hashed(worker))).catch(() => undefined);
    const lost = this.#lost(view);
    if (lost.length === 0) return view;
    for (const claim of lost) await this.#restore(claim);
    return this.#living(await readRecords(this.#options.folder));
  }

  async #restore(claim: Claim): Promise<void> {
    const file = this.#file('claim', claim.id);
    this.#options.warn(`the GPU claim ${file} was lost or damaged: it is written again`);
    await clearFolderAway(file);
    await writeRecord(file, claim);
    // It was released meanwhile.
    if (!this.#mine.has(claim.id)) await removeRecord(file);
  }

  #lost(view: TableView): Claim[] {
    return [...this.#mine.values()].filter(({ id }) => !view.claims.some((claim) => claim.id === id));
  }

  async #living({ claims, reservations, outOfService, damaged }: Records): Promise<TableView> {
    const { folder } = this.#options;
    const now = Date.now();
    return {
      claims: await filtered(claims, (claim) => stands(claim, this.#here, folder)),
      reservations: await filtered(
        reservations,
        async ({ until, holder }) => until > now && (await holderLives(holder, this.#here, folder)),
      ),
      outOfService,
      damaged,
    };
  }

  async #write(claim: Claim): Promise<Claim> {
    await writeRecord(this.#file('claim', claim.id), claim);
    this.#mine.set(claim.id, claim);
    return claim;
  }

  #holder(): Holder {
    return { ...this.#here, nonce: this.#nonce };
  }

  #file(kind: RecordKind, name: string): string {
    return recordFile(this.#options.folder, kind, name);
  }
}

async function filtered<T>(all: readonly T[], test: (one: T) => Promise<boolean>): Promise<T[]> {
  const kept = await Promise.all(all.map(test));
  return all.filter((_, at) => kept[at]);
}

/** Names of workers and UUIDs are no file names. */
function hashed(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 16);
}

function damagedTable({ file, why }: TableView['damaged'][number]): AgentError {
  return new AgentError('GPU_TABLE', `no GPU is claimed: the record ${file} cannot be read (${why})`, {
    hint: 'Its agent writes it again if it still runs; else remove the file once no task of it runs.',
  });
}
