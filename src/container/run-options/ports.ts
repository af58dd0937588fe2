import net from 'node:net';
import type { PortBinding } from '../create-request.js';
import { type GivenOption, wrongValue } from './option.js';
import type { RequestDraft } from './request-draft.js';
import { csvFields, keyAndValue } from './values.js';

/** A published port or range as it was asked for. */
export interface PortSpec {
  hostIp: string;
  /** Empty: the engine picks. */
  hostPort: string;
  containerPort: string;
  protocol: string;
}

/** Each is an object in the request; a list of ranges could ask for any number of them. */
const MOST_PORTS = 65_535;

/** `-p [address:][host][-end]:container[-end][/protocol]`, or fields `target=80,published=8080`. */
export function publishPorts(draft: RequestDraft, given: GivenOption): void {
  const { host, request } = draft;
  const spec = parsePortSpec(given.value);
  if (spec === undefined)
    throw wrongValue(given, 'a port such as 8080:80, 127.0.0.1:8080:80/udp or 8000-8010:80');
  const bindings = bindingsOf(spec);
  if (bindings === undefined) throw wrongValue(given, 'ranges of the same length and ports up to 65535');
  draft.published += bindings.length;
  if (draft.published > MOST_PORTS)
    throw wrongValue(given, `at most ${MOST_PORTS} ports published altogether`);
  host.PortBindings ??= {};
  request.ExposedPorts ??= {};
  for (const [port, binding] of bindings) {
    host.PortBindings[port] ??= [];
    host.PortBindings[port]?.push(binding);
    request.ExposedPorts[port] = {};
  }
}

/** `--expose 80`, `--expose 90-92/udp`. */
export function exposePorts({ request }: RequestDraft, given: GivenOption): void {
  const [ports = '', protocol = 'tcp'] = given.value.split('/', 2);
  const range = portRange(ports);
  if (range === undefined) throw wrongValue(given, 'a port or a range such as 8000-8010/udp');
  request.ExposedPorts ??= {};
  for (let port = range[0]; port <= range[1]; port++) request.ExposedPorts[`${port}/${protocol}`] = {};
}

/** Both notations of `--publish`; `undefined` for a text that is neither. */
export function parsePortSpec(text: string): PortSpec | undefined {
  const spec = text.includes('target=') ? longForm(text) : shortForm(text);
  return spec !== undefined && ['tcp', 'udp', 'sctp'].includes(spec.protocol) ? spec : undefined;
}

function longForm(text: string): PortSpec | undefined {
  const spec: PortSpec = { hostIp: '', hostPort: '', containerPort: '', protocol: 'tcp' };
  for (const field of csvFields(text) ?? []) {
    const [key, value] = keyAndValue(field);
    if (key === 'target') spec.containerPort = value;
    else if (key === 'published') spec.hostPort = value;
    else if (key === 'protocol') spec.protocol = value.toLowerCase();
    else if (!['mode', 'host_ip', 'name', 'app_protocol'].includes(key)) return undefined;
  }
  return spec;
}

function shortForm(text: string): PortSpec | undefined {
  const [ports = '', protocol = 'tcp', ...rest] = text.split('/');
  if (rest.length > 0) return undefined;
  const match = /^(?:(?:(\[[^\]]*\]|[^:[\]]*):)?([^:]*):)?([^:]+)$/.exec(ports);
  if (match === null) return undefined;
  const hostIp = (match[1] ?? '').replace(/^\[(.*)\]$/, '$1');
  if (hostIp !== '' && net.isIP(hostIp) === 0) return undefined;
  return {
    hostIp,
    hostPort: match[2] ?? '',
    containerPort: match[3] ?? '',
    protocol: protocol.toLowerCase(),
  };
}

function bindingsOf(spec: PortSpec): [string, PortBinding][] | undefined {
  const inside = portRange(spec.containerPort);
  const outside = spec.hostPort === '' ? undefined : portRange(spec.hostPort);
  if (inside === undefined || (spec.hostPort !== '' && outside === undefined)) return undefined;
  const count = inside[1] - inside[0] + 1;
  if (outside !== undefined && outside[1] - outside[0] + 1 !== count) {
    // One port inside and a range outside: the engine takes the first free one.
    if (count !== 1) return undefined;
    return [[`${inside[0]}/${spec.protocol}`, { HostIp: spec.hostIp, HostPort: spec.hostPort }]];
  }
  return Array.from({ length: count }, (_, at): [string, PortBinding] => [
    `${inside[0] + at}/${spec.protocol}`,
    { HostIp: spec.hostIp, HostPort: outside === undefined ? '' : String(outside[0] + at) },
  ]);
}

/** First and last port of `80` or `8000-8010`. */
export function portRange(text: string): [number, number] | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return first <= last && last <= 65535 ? [first, last] : undefined;
}
