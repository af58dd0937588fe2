import { type PortSpec, parsePortSpec, portRange } from '../run-options/ports.js';
import { type ArgumentItem, withValue } from './argument-item.js';

export interface PortFacts {
  /** Ports of this machine that something uses, TCP and UDP. */
  used: ReadonlySet<number>;
  /** `agent.docker_args_allowed_port_range`: lowest and highest port, both included. */
  allowed?: readonly [number, number];
}

export interface PublishedPorts {
  items: ArgumentItem[];
  /** `host:container` of each published port, for the task's runtime properties. */
  mapping: string;
}

/** Where a free port is looked for when none is configured. */
const DEFAULT_RANGE = [10000, 59999] as const;

/**
 * Moves published TCP ports that are in use, or outside the allowed range, to free ones, in any spelling
 * of the option. UDP ports and ports that the engine picks are left alone.
 *
 * @returns `undefined` when nothing is published, or the container shares the machine's network
 */
export function mapPublishedPorts(
  items: readonly ArgumentItem[],
  facts: PortFacts,
): PublishedPorts | undefined {
  const given = items.flatMap(({ options }) => options);
  if (!given.some(({ option }) => option.name === 'publish')) return undefined;
  if (given.some(({ option, value }) => option.name === 'network' && value === 'host')) return undefined;
  const taken = new Set(facts.used);
  const mapping: string[] = [];
  const mapped = items.map((item) => {
    const last = item.options.at(-1);
    if (last?.option.name !== 'publish') return item;
    const spec = parsePortSpec(last.value);
    if (spec === undefined || spec.containerPort === '') return item;
    const hostPort = spec.protocol === 'tcp' ? freeHostPort(spec, taken, facts.allowed) : spec.hostPort;
    if (hostPort !== '') mapping.push(`${hostPort}:${spec.containerPort}`);
    return hostPort === spec.hostPort ? item : withValue(item, withHostPort(last.value, spec, hostPort));
  });
  return { items: mapped, mapping: mapping.join(',') };
}

/** The port or range asked for when it is free, else the lowest free run; the same when there is none. */
function freeHostPort(
  spec: PortSpec,
  taken: Set<number>,
  allowed: readonly [number, number] | undefined,
): string {
  const range = portRange(spec.hostPort);
  if (range === undefined) return spec.hostPort;
  const count = range[1] - range[0] + 1;
  const [low, high] = allowed ?? [1, 65535];
  const fits = range[0] >= low && range[1] <= high && isFree(range[0], count, taken);
  const first = fits ? range[0] : lowestFree(count, taken, allowed ?? DEFAULT_RANGE);
  if (first === undefined) return spec.hostPort;
  for (let port = first; port < first + count; port++) taken.add(port);
  return count === 1 ? String(first) : `${first}-${first + count - 1}`;
}

/** One pass: the run of free ports that ends at each port is as long as the one before it, and one more. */
function lowestFree(
  count: number,
  taken: ReadonlySet<number>,
  [low, high]: readonly [number, number],
): number | undefined {
  let free = 0;
  for (let port = low; port <= high; port++) {
    free = taken.has(port) ? 0 : free + 1;
    if (free === count) return port - count + 1;
  }
  return undefined;
}

function isFree(first: number, count: number, taken: ReadonlySet<number>): boolean {
  for (let port = first; port < first + count; port++) if (taken.has(port)) return false;
  return true;
}

function withHostPort(value: string, spec: PortSpec, hostPort: string): string {
  if (value.includes('target=')) return value.replace(/published=[^,"]*/, `published=${hostPort}`);
  const at = value.lastIndexOf(`${spec.hostPort}:${spec.containerPort}`);
  return `${value.slice(0, at)}${hostPort}${value.slice(at + spec.hostPort.length)}`;
}
