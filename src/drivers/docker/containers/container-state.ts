import type { ContainerInspectInfo } from 'dockerode';

/** What the agent looks at in the engine's description of a container. */
export interface ContainerState {
  id: string;
  /** Also while the engine waits to start it again. */
  running: boolean;
  /** The engine waits before it starts it again. */
  restarting: boolean;
  paused: boolean;
  exitCode: number;
  /** A process in it was killed because the memory was used up. */
  oomKilled: boolean;
  /** Why the engine could not start it, empty otherwise. */
  error: string;
  restart: RestartState;
  /** Id of its image, as the engine takes it: a digest, of an index where that is how the image is stored. */
  image: string;
  /** Which of the index's images it has; engines before API 1.48 do not say. */
  platform?: Platform;
  /** Of its first process, on the engine's machine; 0 when it does not run. */
  pid: number;
  /** What the engine ends it with, as the image or the arguments say. */
  stopSignal: string;
  tty: boolean;
  user: string;
  environment: readonly string[];
  labels: Readonly<Record<string, string>>;
  /** Of the machine's folders and files: `source:target[:options]`. */
  binds: readonly string[];
  /** When it was created, ISO. */
  created: string;
}

export interface RestartState {
  /** `no`, `on-failure`, `always`, `unless-stopped`. */
  policy: string;
  /** Times the engine tries after failures; 0: no limit. */
  most: number;
  /** Times the engine has started it again. */
  count: number;
}

/** As the OCI image index writes it. */
export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
}

export function containerState(found: ContainerInspectInfo): ContainerState {
  const { Name = '', MaximumRetryCount = 0 } = found.HostConfig.RestartPolicy ?? {};
  return {
    id: found.Id,
    running: found.State.Running || found.State.Restarting,
    restarting: found.State.Restarting,
    paused: found.State.Paused,
    exitCode: found.State.ExitCode,
    oomKilled: found.State.OOMKilled,
    error: found.State.Error,
    restart: { policy: Name || 'no', most: MaximumRetryCount, count: found.RestartCount },
    image: found.Image,
    ...platformOf(found),
    pid: found.State.Pid,
    stopSignal: stopSignalOf(found.Config),
    tty: found.Config.Tty,
    user: found.Config.User,
    environment: found.Config.Env ?? [],
    labels: found.Config.Labels ?? {},
    binds: found.HostConfig.Binds ?? [],
    created: found.Created,
  };
}

function platformOf(found: ContainerInspectInfo & { ImageManifestDescriptor?: { platform?: Platform } }) {
  const platform = found.ImageManifestDescriptor?.platform;
  return platform === undefined ? {} : { platform };
}

/** The client library's type lacks the field. */
function stopSignalOf(config: ContainerInspectInfo['Config'] & { StopSignal?: string }): string {
  return config.StopSignal || 'SIGTERM';
}
