import { open, stat } from 'node:fs/promises';
import { AgentError } from '../../errors.js';
import { createControlGroup, limitControlGroup, removeControlGroup } from '../../os/control-group.js';
import { readStatus, startDetached } from '../../os/detached.js';
import { ensureFolder } from '../../os/files.js';
import { commandLine } from '../../os/process-table.js';
import { isAlive } from '../../os/processes.js';
import { findSubreaperPython } from '../../os/subreaper.js';
import type { Driver, LostRun, Place, PlaceCommand, PlaceRef, PlaceRequest, WorkloadRef } from '../driver.js';
import { leftPlace, newMarker } from './left-place.js';
import { HERE, LocalPlace } from './local-place.js';
import {
  controlGroupName,
  LOCAL,
  LOCAL_REF_VERSION,
  type LocalPlaceRef,
  type LocalWorkloadRef,
  localRef,
  outputFile,
  statusFile,
} from './local-ref.js';
import { LocalWorkload, type LocalWorkloadOptions } from './local-workload.js';
import { endProcesses, holdOf, living, STUCK_MS } from './workload-processes.js';

export interface LocalDriverOptions {
  /** What set-up steps and tasks see, without what is for the agent alone. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Ends all watching when the daemon leaves; commands run on. */
  signal: AbortSignal;
  /** Best means that are tried to hold a task's processes together; without it, a control group. */
  hold?: HoldMeans;
}

/** A control group, else a subreaper, else the mark in the environment, which a process can take off. */
export type HoldMeans = 'control-group' | 'subreaper' | 'mark';

/** Time for the rest of a run's processes to end when its place is removed. */
const DISPOSE_GRACE_MS = 2000;

/** Runs tasks on this machine itself, each in a session of its own. */
export class LocalDriver implements Driver {
  readonly kind = LOCAL;
  readonly capabilities = HERE;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #signal: AbortSignal;
  readonly #hold: HoldMeans;
  /** Markers of places with processes that hang in the kernel. */
  readonly #stuck = new Set<string>();
  #python: Promise<string | undefined> | undefined;

  constructor({ environment, signal, hold = 'control-group' }: LocalDriverOptions) {
    const given = Object.entries(environment).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    );
    this.#environment = Object.fromEntries(given);
    this.#signal = signal;
    this.#hold = hold;
  }

  async open({ taskId, runFolder, workspace, task }: PlaceRequest): Promise<LocalPlace> {
    await ensureFolder(runFolder);
    await ensureFolder(workspace);
    const version = LOCAL_REF_VERSION;
    const marker = newMarker(runFolder);
    const held = await this.#holdOf(marker);
    if (held.controlGroup !== undefined) await limitControlGroup(held.controlGroup, task?.limits ?? {});
    const cpus = task?.cpus === undefined ? {} : { cpus: task.cpus };
    const ref = { kind: LOCAL, version, taskId, runFolder, marker, ...held, ...cpus } as const;
    return new LocalPlace(ref, this.#environment);
  }

  /** @throws AgentError COMMAND_MISSING or LAUNCH_FAILED saying what is not there */
  async launch(place: Place, command: PlaceCommand): Promise<LocalWorkload> {
    const local = localRef(place.ref);
    if (local === undefined)
      throw new AgentError('INTERNAL', `not a place on this machine: ${place.ref.kind}`);
    const output = outputFile(local.runFolder);
    const python = local.reaper ? await this.#subreaperPython() : undefined;
    const { pid, startTime, ended } = await startDetached({
      argv: command.argv,
      ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
      env: new LocalPlace(local, this.#environment).environmentOf(command),
      outputFile: output,
      statusFile: statusFile(local.runFolder),
      ...(local.cpus === undefined ? {} : { cpus: local.cpus }),
      holder: {
        ...(local.controlGroup === undefined ? {} : { controlGroup: local.controlGroup }),
        ...(python === undefined ? {} : { subreaper: python }),
      },
    });
    const ref = { ...local, output, pid, startTime };
    return new LocalWorkload({ ref, ended, ownsGroup: true, ...this.#watch(local) });
  }

  async attach(ref: WorkloadRef): Promise<LocalWorkload | undefined> {
    const local = localRef(ref);
    if (local === undefined) return undefined;
    const { pid, startTime } = await this.#waitingShell(local, ref);
    const ownsGroup = await isAlive(pid, startTime);
    const traces =
      ownsGroup ||
      (await readStatus(statusFile(local.runFolder))) !== undefined ||
      (await sizeOf(ref.output)) !== undefined;
    if (!traces) return undefined;
    // What it writes to was removed: there is nothing to read, and its end is still to be waited for.
    if (ownsGroup) await (await open(ref.output, 'a', 0o600)).close();
    const found: LocalWorkloadRef = { ...local, output: ref.output, pid, startTime };
    return new LocalWorkload({ ref: { ...found, pid, startTime }, ownsGroup, ...this.#watch(local) });
  }

  #watch({ marker }: LocalPlaceRef): Pick<LocalWorkloadOptions, 'signal' | 'onStuck'> {
    return { signal: this.#signal, onStuck: () => this.#stuck.add(marker) };
  }

  /** A command that was killed together with its shell before it printed anything has left no trace. */
  async find(ref: PlaceRef): Promise<LocalWorkloadRef | undefined> {
    const local = localRef(ref);
    if (local === undefined) return undefined;
    const output = outputFile(local.runFolder);
    const shell = await this.#waitingShell(local, { ...local, output });
    const ran =
      shell.pid !== 0 ||
      (await readStatus(statusFile(local.runFolder))) !== undefined ||
      ((await sizeOf(output)) ?? 0) > 0;
    return ran ? { ...local, output, ...shell } : undefined;
  }

  look(taskId: string, folder: string): LocalPlace {
    const ref = { kind: LOCAL, version: LOCAL_REF_VERSION, taskId, runFolder: folder } as const;
    return new LocalPlace({ ...ref, marker: newMarker(folder) }, this.#environment);
  }

  search(run: LostRun): Promise<LocalPlaceRef | undefined> {
    return leftPlace(run);
  }

  /** Ends whatever set-up steps or the command left running. */
  async dispose(ref: PlaceRef): Promise<void> {
    const local = localRef(ref);
    if (local === undefined) return;
    const { pid, startTime } = await this.#waitingShell(local, ref);
    const leader = (await isAlive(pid, startTime)) ? { leader: pid } : {};
    const stuckMs = this.#stuck.delete(local.marker) ? STUCK_MS.known : STUCK_MS.first;
    await endProcesses({ ...holdOf(local), ...leader }, DISPOSE_GRACE_MS, undefined, stuckMs);
    if (local.controlGroup !== undefined) await removeControlGroup(local.controlGroup);
  }

  async #holdOf(marker: string): Promise<Pick<LocalPlaceRef, 'controlGroup' | 'reaper'>> {
    if (this.#hold === 'mark') return {};
    const controlGroup =
      this.#hold === 'control-group' ? await createControlGroup(controlGroupName(marker)) : undefined;
    if (controlGroup !== undefined) return { controlGroup };
    return (await this.#subreaperPython()) === undefined ? {} : { reaper: true };
  }

  /** Looked for once: it starts Python. */
  #subreaperPython(): Promise<string | undefined> {
    this.#python ??= findSubreaperPython(this.#environment);
    return this.#python;
  }

  async #waitingShell(local: LocalPlaceRef, ref: PlaceRef): Promise<{ pid: number; startTime: string }> {
    const { pid, startTime } = ref;
    if (typeof pid === 'number' && typeof startTime === 'string') return { pid, startTime };
    const status = statusFile(local.runFolder);
    for (const { pid: candidate, group, startTime: started } of await living(holdOf(local))) {
      // Set-up steps may have left leaders of groups, too.
      if (candidate === group && (await commandLine(candidate)).includes(status))
        return { pid: candidate, startTime: started };
    }
    return NO_PROCESS;
  }
}

const NO_PROCESS = { pid: 0, startTime: '' };

async function sizeOf(file: string): Promise<number | undefined> {
  return stat(file).then(
    ({ size }) => size,
    () => undefined,
  );
}
