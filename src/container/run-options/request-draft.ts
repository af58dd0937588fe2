import type { CreateRequest, HostConfig } from '../create-request.js';
import type { NetworkChoice } from './networks.js';

/** A create request while options are laid into it, with what is only decided when all have been seen. */
export interface RequestDraft {
  request: CreateRequest;
  host: HostConfig;
  sources: ArgumentSources;
  /** Variables of `--env-file`, which come before those of `--env` wherever they stand. */
  fileVariables: string[];
  fileLabels: Record<string, string>;
  /** Networks in the order given; flags such as `--ip` belong to the first. */
  networks: NetworkChoice[];
  network: FirstNetworkFlags;
  health: { disabled: boolean };
  attached: string[];
  /** Ports published so far. */
  published: number;
  pull: PullPolicy;
}

/** What the docker client looks up on its own machine while it reads arguments. */
export interface ArgumentSources {
  /** Where `-e NAME` without a value and files of variables find values. */
  env: Readonly<Record<string, string | undefined>>;
  /** Folder that relative mount sources count from. */
  folder: string;
  /** Path of the engine's socket, for `--use-api-socket`. */
  engineSocket: string;
  /** Content of a file named in an argument (`--env-file`, `--label-file`, a seccomp profile). */
  readText(file: string): string;
  /** Where a path leads when its links are followed, as far as it exists. */
  realPath(file: string): string;
}

export type PullPolicy = 'missing' | 'always' | 'never';

export interface FirstNetworkFlags {
  aliases: string[];
  links: string[];
  linkLocalIps: string[];
  ip?: string;
  ip6?: string;
  mac?: string;
}

export function newDraft(sources: ArgumentSources): RequestDraft {
  const host = structuredClone(COMMAND_DEFAULTS);
  return {
    request: { HostConfig: host },
    host,
    sources,
    fileVariables: [],
    fileLabels: {},
    networks: [],
    network: { aliases: [], links: [], linkLocalIps: [] },
    health: { disabled: false },
    attached: [],
    published: 0,
    pull: 'missing',
  };
}

/** What the docker command sends without any option; an engine shows it in the container's description. */
const COMMAND_DEFAULTS: HostConfig = {
  RestartPolicy: { Name: 'no', MaximumRetryCount: 0 },
  PortBindings: {},
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  Devices: [],
  BlkioWeightDevice: [],
};
