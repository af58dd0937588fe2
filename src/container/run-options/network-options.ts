import net from 'node:net';
import { readNetwork } from './networks.js';
import { type RunOption, wrongValue } from './option.js';
import { hostFlag, hostList } from './plain-options.js';
import { exposePorts, publishPorts } from './ports.js';

/** Networks, names and ports. */
export const NETWORK_OPTIONS: readonly RunOption[] = [
  {
    name: 'network',
    aliases: ['net'],
    takes: 'value',
    apply: ({ networks }, given) => {
      networks.push(readNetwork(given));
    },
  },
  {
    name: 'network-alias',
    aliases: ['net-alias'],
    takes: 'value',
    apply: ({ network }, { value }) => void network.aliases.push(value),
  },
  {
    name: 'ip',
    takes: 'value',
    apply: ({ network }, { value }) => {
      network.ip = value;
    },
  },
  {
    name: 'ip6',
    takes: 'value',
    apply: ({ network }, { value }) => {
      network.ip6 = value;
    },
  },
  {
    name: 'link-local-ip',
    takes: 'value',
    apply: ({ network }, { value }) => void network.linkLocalIps.push(value),
  },
  {
    name: 'mac-address',
    takes: 'value',
    apply: ({ network }, given) => {
      if (!/^[\da-f]{2}([:-][\da-f]{2}){5}$/i.test(given.value)) {
        throw wrongValue(given, 'a MAC address such as 92:d0:c6:0a:29:33');
      }
      network.mac = given.value;
    },
  },
  {
    name: 'link',
    takes: 'value',
    apply: ({ host, network }, { value }) => {
      host.Links = [...(host.Links ?? []), value];
      network.links.push(value);
    },
  },
  {
    name: 'add-host',
    takes: 'value',
    apply: ({ host }, given) => {
      const match = /^([^:=]+)[:=](.+)$/.exec(given.value);
      const address = match?.[2]?.replace(/^\[(.*)\]$/, '$1') ?? '';
      if (address !== 'host-gateway' && net.isIP(address) === 0) throw wrongValue(given, 'name:address');
      host.ExtraHosts = [...(host.ExtraHosts ?? []), `${match?.[1]}:${address}`];
    },
  },
  {
    name: 'dns',
    takes: 'value',
    apply: ({ host }, given) => {
      if (net.isIP(given.value.trim()) === 0) throw wrongValue(given, 'an IP address');
      host.Dns = [...(host.Dns ?? []), given.value.trim()];
    },
  },
  hostList('dns-option', 'DnsOptions', {
    aliases: ['dns-opt'],
  }),
  hostList('dns-search', 'DnsSearch'),
  { name: 'publish', short: 'p', takes: 'value', apply: publishPorts },
  { name: 'expose', takes: 'value', apply: exposePorts },
  hostFlag('publish-all', 'PublishAllPorts', 'P'),
];
