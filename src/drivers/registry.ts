import type { Config } from '../config/config.js';
import { AgentError } from '../errors.js';
import { refuseNewer } from '../os/format-version.js';
import { dockerModule } from './docker/module.js';
import type { PlaceRef } from './driver.js';
import { kubernetesModule } from './kubernetes/module.js';
import { localModule } from './local/module.js';
import type { DriverChoice, DriverModule, StoppedPlaces } from './module.js';
import { slurmModule } from './slurm/module.js';

/** All drivers. The first is the default: it has no flags and every agent opens it. */
export const DRIVERS: readonly [DriverModule, ...DriverModule[]] = [
  localModule,
  dockerModule,
  slurmModule,
  kubernetesModule,
];

export function driverModule(kind: string): DriverModule | undefined {
  return DRIVERS.find((one) => one.kind === kind);
}

export function isDefaultDriver(kind: string): boolean {
  return kind === DRIVERS[0].kind;
}

/**
 * The driver that the flags of a command choose; `undefined` for the default one.
 *
 * @throws AgentError USAGE
 */
export function chosenDriver(options: Readonly<Record<string, unknown>>): DriverChoice | undefined {
  const chosen = DRIVERS.flatMap((one) => one.choose(options) ?? []);
  if (chosen.length < 2) return chosen[0];
  const names = chosen.map(({ kind }) => kind).join(' and ');
  throw new AgentError('USAGE', `the flags choose two drivers, ${names}`, { hint: 'Keep those of one.' });
}

/** How many tasks a daemon runs at once with the chosen driver; `undefined` where its own flags decide. */
export function tasksAtOnce(config: Config, choice: DriverChoice | undefined): number | undefined {
  return choice && driverModule(choice.kind)?.atOnce?.(config, choice);
}

/** The flags that choose a driver other than the default, for messages: `--docker or --podman`. */
export function driverFlagNames(): string {
  const choosing = DRIVERS.flatMap(({ flags }) => flags.filter(({ setting }) => setting !== true));
  const names = choosing.map((flag) => flag.flags.split(' ', 1)[0] ?? '');
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

/**
 * The stopped places of the chosen driver, else of the first that leaves any behind.
 *
 * @throws AgentError DOCKER_ENGINE
 */
export async function stoppedPlaces(
  config: Config,
  choice: DriverChoice | undefined,
): Promise<StoppedPlaces> {
  const keepers = choice === undefined ? DRIVERS : [driverModule(choice.kind)];
  for (const one of keepers) {
    const found = await one?.stopped?.(config, choice);
    if (found !== undefined) return found;
  }
  return { list: async () => [], remove: async () => false };
}

/**
 * Refuses a reference that no driver of this version can follow.
 *
 * @param where the file that has it
 * @param ref as it was read; what is no reference at all is not looked at
 * @throws AgentError NEWER_FORMAT
 */
export function refuseUnknownRef(where: string, ref: unknown): void {
  const { kind, version }: Partial<Record<string, unknown>> = { ...Object(ref) };
  if (typeof kind !== 'string') return;
  const known = driverModule(kind)?.refVersion;
  if (known === undefined)
    throw new AgentError(
      'NEWER_FORMAT',
      `${where} names a place of the kind ${JSON.stringify(kind.slice(0, 40))}, which this version of the agent does not know`,
      { hint: 'Start the version again that wrote it, or a later one. Nothing was changed.' },
    );
  refuseNewer(where, version, known);
}

/** Processes of a run that are alive on this machine; `undefined` where only its driver can tell. */
export async function livingProcesses({
  place,
  workload,
}: {
  place?: PlaceRef;
  workload?: Parameters<NonNullable<DriverModule['processes']>>[1];
}): Promise<number[] | undefined> {
  if (place === undefined) return [];
  return driverModule(place.kind)?.processes?.(place, workload);
}
