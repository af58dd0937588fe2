/**
 * Body of the engine's call that creates a container, with the two values that travel beside it (`name`,
 * `platform`). Field names are the engine's.
 */
export interface CreateRequest {
  name?: string;
  platform?: string;
  Image?: string;
  Cmd?: string[];
  Entrypoint?: string[];
  Hostname?: string;
  Domainname?: string;
  User?: string;
  WorkingDir?: string;
  Tty?: boolean;
  OpenStdin?: boolean;
  StdinOnce?: boolean;
  AttachStdin?: boolean;
  AttachStdout?: boolean;
  AttachStderr?: boolean;
  /** `NAME=value`; a bare `NAME` removes the image's variable. */
  Env?: string[];
  Labels?: Record<string, string>;
  Volumes?: Record<string, Record<string, never>>;
  ExposedPorts?: Record<string, Record<string, never>>;
  MacAddress?: string;
  StopSignal?: string;
  /** Seconds. */
  StopTimeout?: number;
  Healthcheck?: Healthcheck;
  HostConfig: HostConfig;
  NetworkingConfig?: { EndpointsConfig: Record<string, EndpointSettings> };
}

/** Times in nanoseconds. */
export interface Healthcheck {
  Test?: string[];
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  StartInterval?: number;
  Retries?: number;
}

/** Sizes in bytes. */
export interface HostConfig {
  Annotations?: Record<string, string>;
  AutoRemove?: boolean;
  Binds?: string[];
  BlkioDeviceReadBps?: DeviceRate[];
  BlkioDeviceReadIOps?: DeviceRate[];
  BlkioDeviceWriteBps?: DeviceRate[];
  BlkioDeviceWriteIOps?: DeviceRate[];
  BlkioWeight?: number;
  BlkioWeightDevice?: { Path: string; Weight: number }[];
  CapAdd?: string[];
  CapDrop?: string[];
  CgroupParent?: string;
  CgroupnsMode?: string;
  ContainerIDFile?: string;
  CpuCount?: number;
  CpuPercent?: number;
  CpuPeriod?: number;
  CpuQuota?: number;
  CpuRealtimePeriod?: number;
  CpuRealtimeRuntime?: number;
  CpuShares?: number;
  CpusetCpus?: string;
  CpusetMems?: string;
  DeviceCgroupRules?: string[];
  DeviceRequests?: DeviceRequest[];
  Devices?: DeviceMapping[];
  Dns?: string[];
  DnsOptions?: string[];
  DnsSearch?: string[];
  ExtraHosts?: string[];
  GroupAdd?: string[];
  IOMaximumBandwidth?: number;
  IOMaximumIOps?: number;
  Init?: boolean;
  IpcMode?: string;
  Isolation?: string;
  KernelMemory?: number;
  Links?: string[];
  LogConfig?: { Type: string; Config: Record<string, string> };
  MaskedPaths?: string[];
  Memory?: number;
  MemoryReservation?: number;
  MemorySwap?: number;
  MemorySwappiness?: number;
  Mounts?: MountSpec[];
  NanoCpus?: number;
  NetworkMode?: string;
  OomKillDisable?: boolean;
  OomScoreAdj?: number;
  PidMode?: string;
  PidsLimit?: number;
  PortBindings?: Record<string, PortBinding[]>;
  Privileged?: boolean;
  PublishAllPorts?: boolean;
  ReadonlyPaths?: string[];
  ReadonlyRootfs?: boolean;
  RestartPolicy?: { Name: string; MaximumRetryCount?: number };
  Runtime?: string;
  SecurityOpt?: string[];
  ShmSize?: number;
  StorageOpt?: Record<string, string>;
  Sysctls?: Record<string, string>;
  Tmpfs?: Record<string, string>;
  UTSMode?: string;
  Ulimits?: Ulimit[];
  Umask?: number;
  UsernsMode?: string;
  VolumeDriver?: string;
  VolumesFrom?: string[];
}

export interface DeviceRate {
  Path: string;
  Rate: number;
}

export interface DeviceMapping {
  PathOnHost: string;
  PathInContainer: string;
  CgroupPermissions: string;
}

export interface DeviceRequest {
  Driver?: string;
  /** -1 for all. */
  Count?: number;
  DeviceIDs?: string[];
  Capabilities?: string[][];
  Options?: Record<string, string>;
}

export interface PortBinding {
  HostIp: string;
  /** A port, a range, or empty for one that the engine picks. */
  HostPort: string;
}

export interface Ulimit {
  Name: string;
  Soft: number;
  Hard: number;
}

export interface MountSpec {
  Type: string;
  Source?: string;
  Target?: string;
  ReadOnly?: boolean;
  Consistency?: string;
  BindOptions?: {
    Propagation?: string;
    NonRecursive?: boolean;
    /** Makes the source where it is missing. */
    CreateMountpoint?: boolean;
    ReadOnlyNonRecursive?: boolean;
    ReadOnlyForceRecursive?: boolean;
  };
  VolumeOptions?: {
    NoCopy?: boolean;
    Subpath?: string;
    Labels?: Record<string, string>;
    DriverConfig?: { Name?: string; Options?: Record<string, string> };
  };
  TmpfsOptions?: { SizeBytes?: number; Mode?: number };
  ImageOptions?: { Subpath?: string };
}

export interface EndpointSettings {
  IPAMConfig?: { IPv4Address?: string; IPv6Address?: string; LinkLocalIPs?: string[] };
  Links?: string[];
  Aliases?: string[];
  MacAddress?: string;
  DriverOpts?: Record<string, string>;
  GwPriority?: number;
}

/** A mount that the agent itself adds: configuration, keys, caches. */
export interface OwnMount {
  /** Path of the agent. */
  file: string;
  /** The same as the engine sees it. */
  source: string;
  target: string;
  readOnly?: boolean;
  /** Worth nothing in a copy: left out where the engine does not see it. */
  cache?: boolean;
}
