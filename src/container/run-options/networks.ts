import { ownMember } from '../../os/own-member.js';
import type { EndpointSettings } from '../create-request.js';
import { conflict, type GivenOption, wrongValue } from './option.js';
import type { FirstNetworkFlags, RequestDraft } from './request-draft.js';
import { csvFields, keyAndValue } from './values.js';

/** One `--network`. */
export interface NetworkChoice {
  name: string;
  endpoint: EndpointSettings;
}

/** `NAME`, or fields such as `name=NAME,alias=a,ip=10.0.0.5,driver-opt=key=value`. */
export function readNetwork(given: GivenOption): NetworkChoice {
  const expected = 'a network name or name=…,alias=…,ip=…';
  const fields = csvFields(given.value);
  if (fields === undefined || given.value === '') throw wrongValue(given, expected);
  if (fields.length === 1 && !/^\w[\w-]*=/.test(given.value)) return { name: given.value, endpoint: {} };
  const endpoint: EndpointSettings = {};
  let name = '';
  for (const field of fields) {
    const [key, value] = keyAndValue(field);
    const set = ownMember(ENDPOINT_FIELDS, key.trim().toLowerCase());
    if (key.trim().toLowerCase() === 'name') name = value;
    else if (set === undefined || !field.includes('=')) throw wrongValue(given, expected);
    else set(endpoint, value);
  }
  if (name === '') throw wrongValue(given, expected);
  return { name, endpoint };
}

const ENDPOINT_FIELDS: Readonly<Record<string, (endpoint: EndpointSettings, value: string) => void>> = {
  alias: (endpoint, value) => {
    endpoint.Aliases = [...(endpoint.Aliases ?? []), value];
  },
  ip: (endpoint, value) => {
    endpoint.IPAMConfig = { ...endpoint.IPAMConfig, IPv4Address: value };
  },
  ip6: (endpoint, value) => {
    endpoint.IPAMConfig = { ...endpoint.IPAMConfig, IPv6Address: value };
  },
  'link-local-ip': (endpoint, value) => {
    const LinkLocalIPs = [...(endpoint.IPAMConfig?.LinkLocalIPs ?? []), value];
    endpoint.IPAMConfig = { ...endpoint.IPAMConfig, LinkLocalIPs };
  },
  'mac-address': (endpoint, value) => {
    endpoint.MacAddress = value;
  },
  'driver-opt': (endpoint, value) => {
    const [key, content] = keyAndValue(value);
    endpoint.DriverOpts = { ...endpoint.DriverOpts, [key.trim()]: content };
  },
  'gw-priority': (endpoint, value) => {
    endpoint.GwPriority = Number.parseInt(value, 10);
  },
};

/**
 * Network mode and endpoints of all networks and the flags that belong to the first of them.
 *
 * @throws AgentError DOCKER_ARGUMENT for networks that exclude each other
 */
export function finishNetworks({ networks, network, host, request }: RequestDraft): void {
  const chosen: NetworkChoice[] = networks.length > 0 ? networks : [{ name: 'default', endpoint: {} }];
  const names = chosen.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw conflict(`network "${twice}" is given more than once`);
  if (names.some(isUserDefined) && !names.every(isUserDefined)) {
    throw conflict(`--network ${names.join(' and ')}: one of Docker's own networks excludes others`);
  }
  const [first, ...others] = chosen;
  if (first === undefined) return;
  const endpoint = withFlags(first, network);
  if (networks.length > 0) host.NetworkMode = first.name;
  const endpoints = [{ name: first.name, endpoint }, ...others];
  const single = endpoints.length === 1 && Object.keys(endpoint).length === 0;
  if (single) return;
  request.NetworkingConfig = {
    EndpointsConfig: Object.fromEntries(endpoints.map((one) => [one.name, one.endpoint])),
  };
}

function withFlags({ name, endpoint }: NetworkChoice, flags: FirstNetworkFlags): EndpointSettings {
  const full = structuredClone(endpoint);
  if (flags.aliases.length > 0) {
    if (endpoint.Aliases !== undefined) throw conflict('--network-alias and alias= of --network');
    if (!isUserDefined(name)) throw conflict(`--network-alias needs a network of your own, not ${name}`);
    full.Aliases = [...flags.aliases];
  } else if (endpoint.Aliases !== undefined && !isUserDefined(name)) {
    throw conflict(`alias= needs a network of your own, not ${name}`);
  }
  if (flags.links.length > 0 && isUserDefined(name)) full.Links = [...flags.links];
  if (flags.mac !== undefined) {
    if (endpoint.MacAddress !== undefined) throw conflict('--mac-address and mac-address= of --network');
    full.MacAddress = flags.mac;
  }
  const addresses = {
    ...(flags.ip === undefined ? {} : { IPv4Address: flags.ip }),
    ...(flags.ip6 === undefined ? {} : { IPv6Address: flags.ip6 }),
    ...(flags.linkLocalIps.length === 0 ? {} : { LinkLocalIPs: [...flags.linkLocalIps] }),
  };
  for (const key of Object.keys(addresses)) {
    if (Object.hasOwn(endpoint.IPAMConfig ?? {}, key)) throw conflict(`an address of ${name} is given twice`);
  }
  if (Object.keys(addresses).length > 0) full.IPAMConfig = { ...full.IPAMConfig, ...addresses };
  return full;
}

/** Not one of the networks that Docker itself provides. */
export function isUserDefined(name: string): boolean {
  return !['default', 'bridge', 'host', 'none'].includes(name) && !name.startsWith('container:');
}
