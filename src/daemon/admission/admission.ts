import { causeLine } from '../../errors.js';
import type { GpuState } from '../../gpu/claims/gpu-states.js';
import type { Claim, NewClaim, OutOfService, TableView } from '../../gpu/claims/types.js';
import type { GpuFault } from '../../gpu/gpu-fault.js';
import { type MachineDevice, withSlices } from '../../gpu/machine-devices.js';
import { type GpuDemand, pickDevices } from '../../gpu/pick-devices.js';
import { firstToStart, type HeldDevices, type Start } from '../../gpu/policy/reserve.js';
import type { GrantRecord } from '../../runs/grant-record.js';
import { freeWorkerId, gpuWorkerId, slotWorkerId } from '../worker-id.js';
import type { AdmissionOptions } from './admission-options.js';
import { Changes } from './changes.js';
import { CpuSlots } from './cpu-slots.js';
import type { Grant } from './grant.js';
import { grantOfWorker } from './grant-of-worker.js';
import { type AskingQueue, Reservations } from './reservations.js';
import { isCounted, shareOf, tooLarge } from './slot-budget.js';
import { blockersOf, freePart, isUsable, waitingText } from './waiting-text.js';

/** Gives out what the machine has, before a task is taken off its queue. */
export class Admission {
  readonly #options: AdmissionOptions;
  readonly #changes = new Changes();
  readonly #slots: CpuSlots;
  readonly #claims = new Map<string, Pick<Claim, 'devices' | 'endsBy'>>();
  #services = 0;
  /** Ends the watch on what other agents hold. */
  #watch: AbortController | undefined;
  #said: string | undefined;
  readonly #reservations: Reservations;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#slots = new CpuSlots(options.budget);
    this.#reservations = new Reservations({ ...options, afterMs: options.reserveAfterMs });
  }

  /** Told when something was given out or back, here or by another agent. */
  onChange(listener: () => void): void {
    this.#changes.on(listener);
  }

  /** Answers later whether something was given back since this call. */
  releasesSince(): () => boolean {
    return this.#changes.releasesSince();
  }

  /** What the machine's table says of its GPUs; none where it has no GPUs. */
  gpuStates(): Promise<readonly GpuState[]> {
    return this.#options.claims.states();
  }

  /** Called with each look: the queues that have a task to take. */
  looked(queues: readonly string[]): void {
    this.#reservations.keepOnly(queues);
  }

  /** What a task of the queue takes; `undefined` while that is not free. */
  async admit(queue: AskingQueue): Promise<Grant | undefined> {
    const demand = this.#options.demandOf(queue);
    try {
      switch (demand.kind) {
        case 'slot':
          return await this.#slot(queue);
        case 'service':
          return this.#services < this.#options.services ? this.#service() : undefined;
        case 'whole':
          return await this.#whole(queue);
        case 'gpus':
          return await this.#gpus(queue, demand);
      }
    } catch (error) {
      // `agent execute` has a task and no queue.
      const what =
        queue.id === '' ? 'the task is not run' : `no task of the queue ${queue.name ?? queue.id} is taken`;
      this.#tell(`${what}: ${causeLine(error)}`);
      return undefined;
    }
  }

  /**
   * Holds again what a run of an earlier daemon has.
   *
   * @param record of its journal; a run of a daemon with services that has none is a service
   */
  async resume(
    record: GrantRecord | undefined,
    run: { task: string; folder: string },
  ): Promise<Grant | undefined> {
    if (record === undefined) return this.#options.services > 0 ? this.#service() : undefined;
    if (record.slot !== undefined)
      this.#slots.hold(record.slot, record.share ?? shareOf({}, this.#options.budget));
    if (record.claim === undefined) return this.#held(record);
    const grant = this.#held(record);
    await grant.begin(run);
    return grant;
  }

  /** What a run of this daemon has whose folder is gone, by its worker; `undefined` for those of others. */
  async grantOf(worker: string): Promise<GrantRecord | undefined> {
    const { claims, givesGpus, sharing, workerId } = this.#options;
    if (worker !== workerId && (await this.#options.isTaken(worker))) return undefined;
    const cards = sharing && !givesGpus ? [] : await claims.devices();
    const devices = givesGpus ? [...cards, ...withSlices(claims.known, cards)] : cards;
    const held = devices.length > 0 ? (await claims.read()).claims : [];
    return grantOfWorker(worker, { workerId, givesGpus, devices, claims: held });
  }

  /** Free part of each device of the daemon, by its id. */
  async free(): Promise<Map<string, number>> {
    const view = await this.#options.claims.read();
    const devices = await this.#options.claims.devices();
    const parts = devices.map((device): [string, number] => [device.id, freePart(view, device)]);
    return new Map(parts.filter(([, part]) => part > 0));
  }

  /** Devices of the machine that get no task, with why. */
  outOfService(): Promise<readonly OutOfService[]> {
    return this.#options.claims.outOfService();
  }

  /** A task found what is wrong with its GPUs. */
  async failed(fault: GpuFault): Promise<void> {
    await this.#options.claims.failed(fault).catch((error: unknown) => {
      this.#options.warn(`a GPU that failed stays in service: ${causeLine(error)}`);
    });
  }

  async close(): Promise<void> {
    this.#watch?.abort();
    this.#changes.close();
    await this.#options.claims.close();
  }

  async #slot(queue: AskingQueue): Promise<Grant | undefined> {
    const { budget, needs, workerId } = this.#options;
    const counted = isCounted(budget);
    const stated = await needs.stated(counted ? queue.entries?.[0] : undefined);
    const share = shareOf(stated.needs, budget);
    const refusal = tooLarge(share, budget);
    const slot = refusal === undefined ? this.#slots.take(share) : undefined;
    if (typeof slot === 'string')
      this.#tell(`the first task of the queue ${queue.name ?? queue.id} waits for ${slot}`);
    if (typeof slot !== 'number' && refusal === undefined) return undefined;
    const hold = (record: GrantRecord) =>
      refusal === undefined ? this.#held(record) : { ...NOTHING, refusal };
    const own = typeof slot === 'number' ? { slot, worker: slotWorkerId(workerId, slot), share } : {};
    const grant = { kind: 'slot', ...own } as const;
    return counted ? stated.grantOf(grant, hold, true) : hold(grant);
  }

  #service(): Grant {
    this.#services += 1;
    return {
      begin: async () => undefined,
      release: () =>
        this.#changes.release(async () => {
          this.#services -= 1;
        }),
    };
  }

  async #whole({ entries }: AskingQueue): Promise<Grant | undefined> {
    const { claims, sharing, workerId } = this.#options;
    const devices = sharing ? [] : await claims.devices();
    if (devices.length === 0) return NOTHING;
    const stated = await this.#options.needs.stated(entries?.[0]);
    const claim = await this.#claim(devices, (view, usable) =>
      usable.length === devices.length && devices.every((device) => freePart(view, device) === 1)
        ? {
            worker: workerId,
            devices: devices.map(({ id, key }) => ({ id, key, share: 1 })),
            ...stated.claim,
          }
        : undefined,
    );
    const record = claim && ({ kind: 'whole', claim: claim.id, devices: claim.devices } as const);
    return record && stated.grantOf(record, (one) => this.#held(one), false);
  }

  async #gpus(queue: AskingQueue, demand: GpuDemand): Promise<Grant | undefined> {
    const { claims, fractionSharing: shares, isTaken, workerId } = this.#options;
    const tasks = this.#reservations.ahead(queue);
    const stated = await this.#options.needs.statedByEach(tasks);
    const all = await claims.devices();
    const devices = demand.min < 1 ? withSlices(claims.known, all) : all;
    const distances = demand.max > 1 ? await claims.distances() : undefined;
    const requests = stated.map(({ claim }) => ({ queue: queue.id, ...claim }));
    let held: HeldDevices | undefined;
    const found: { start?: Start | undefined } = {};
    const claim = await this.#claim(devices, (view, healthy) => {
      const usable = healthy.filter((device) => isUsable(view, device, workerId));
      held = this.#reservations.held(usable, this.#counted(view), { queue, demand });
      const pick = (from: readonly MachineDevice[]) =>
        pickDevices({ demand, devices: from, claims: this.#counted(view), shares, distances });
      const start = firstToStart(held, requests, usable, pick);
      found.start = start;
      const workers = new Set(view.claims.map(({ worker }) => worker));
      return (
        start && {
          worker: gpuWorkerId(workerId, start.devices, workers),
          devices: start.devices,
          ...stated[start.at]?.claim,
        }
      );
    });
    const { at = -1, usesReserved = false } = found.start ?? {};
    if (at !== 0) this.#reservations.refused(queue, demand);
    await this.#reservations.publish(held?.queue === queue.id && claim !== undefined ? undefined : held);
    if (claim === undefined) return undefined;
    const worker = await freeWorkerId(claim.worker, isTaken);
    const record = { kind: 'gpus', worker, claim: claim.id, devices: claim.devices } as const;
    // Not before its run begins: a grant that is given back without a task leaves the task waiting.
    const begun = () => at === 0 && this.#reservations.granted(queue.id);
    const hold = (one: GrantRecord) => whenBegun(this.#held(one), begun);
    const grant = stated[at]?.grantOf(record, hold, usesReserved);
    return at === 0 ? grant : grant && { ...grant, only: tasks[at] };
  }

  /** With sharing, only what this daemon itself gave out counts. */
  #counted({ claims }: TableView): readonly Pick<Claim, 'devices' | 'endsBy'>[] {
    return this.#options.sharing ? [...this.#claims.values()] : claims;
  }

  async #claim(
    devices: readonly MachineDevice[],
    choose: (view: TableView, healthy: readonly MachineDevice[]) => NewClaim | undefined,
  ): Promise<Claim | undefined> {
    const { claims } = this.#options;
    const verdicts = await claims.verdicts();
    const healthy = devices.filter(({ key }) => (verdicts.get(key)?.state ?? 'good') === 'good');
    let seen: TableView | undefined;
    const claim = await claims.claim((view) => {
      seen = view;
      return choose(view, healthy);
    });
    if (claim !== undefined) {
      this.#said = undefined;
      return claim;
    }
    const own = new Set(this.#claims.keys());
    const blockers = seen === undefined ? [] : blockersOf(seen, devices, { own, verdicts });
    if (blockers.length > 0) this.#tell(waitingText(blockers));
    await this.watchTable();
    return undefined;
  }

  #tell(line: string): void {
    if (this.#said === line) return;
    this.#said = line;
    this.#options.warn(line);
  }

  /** Calls the listeners for what changes in the table from now on, also for what this process takes out of service. */
  async watchTable(): Promise<void> {
    if (this.#watch !== undefined) return;
    this.#watch = new AbortController();
    await this.#options.claims.watch(this.#watch.signal, () => this.#changes.happened());
  }

  #held(record: GrantRecord): Grant {
    const { claims, workerId, warn } = this.#options;
    const { claim: id, devices = [], slot, worker = workerId } = record;
    const given = { devices, ...this.#options.needs.claimOf(record.limit) };
    if (id !== undefined) this.#claims.set(id, given);
    this.#changes.happened();
    return {
      record,
      begin: async ({ task, folder }) => {
        if (id === undefined) return;
        const conflicts = await claims.adopt({ id, worker, task, ...given, runFolder: folder });
        const [other] = this.#options.sharing ? [] : conflicts;
        if (other !== undefined)
          warn(`task ${task}: shares a GPU with ${other.worker}, which was given it meanwhile`);
      },
      release: () =>
        this.#changes.release(async () => {
          if (slot !== undefined) this.#slots.release(slot);
          if (id === undefined) return;
          this.#claims.delete(id);
          await claims.release(id);
        }),
    };
  }
}

const NOTHING: Grant = { begin: async () => undefined, release: async () => undefined };

function whenBegun(grant: Grant, begun: () => void): Grant {
  const begin: Grant['begin'] = (run) => {
    begun();
    return grant.begin(run);
  };
  return { ...grant, begin };
}
