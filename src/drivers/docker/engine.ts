import type Docker from 'dockerode';
import { AgentError, causeLine, systemCode } from '../../errors.js';
import type { CreateRequest } from './create-request.js';
import { demultiplex } from './stream-frames.js';

export interface EngineFacts {
  /** `1.41`. */
  apiVersion: string;
  podman: boolean;
}

export interface ContainerState {
  id: string;
  running: boolean;
  exitCode: number;
  oomKilled: boolean;
  /** Why the engine could not start it, empty otherwise. */
  error: string;
  tty: boolean;
  user: string;
  environment: readonly string[];
  labels: Readonly<Record<string, string>>;
  /** When it was created, ISO. */
  created: string;
}

export interface EngineExec {
  argv: readonly string[];
  env?: readonly string[];
  cwd?: string;
  user?: string;
  input?: string;
  signal?: AbortSignal;
  onOutput(data: Uint8Array, stream: 'stdout' | 'stderr'): void;
}

/** Where the engine listens unless `DOCKER_HOST` says otherwise. */
export const DEFAULT_SOCKET = '/var/run/docker.sock';

/** The container engine through its API; the only place that knows the client library. */
export class Engine {
  readonly address: string;
  readonly #docker: Docker;

  private constructor(docker: Docker, address: string) {
    this.#docker = docker;
    this.address = address;
  }

  /**
   * The engine of `DOCKER_HOST`, else the one of this machine.
   *
   * @throws AgentError DOCKER_ENGINE when it does not answer
   */
  static async connect(env: Readonly<Record<string, string | undefined>>): Promise<Engine> {
    const { default: Client } = await import('dockerode');
    const address = env.DOCKER_HOST?.trim() || `unix://${DEFAULT_SOCKET}`;
    const socket = /^unix:\/\/(.*)$/.exec(address)?.[1];
    const url = socket === undefined ? new URL(address.replace(/^tcp:/, 'http:')) : undefined;
    const client =
      url === undefined
        ? new Client({ socketPath: socket || DEFAULT_SOCKET })
        : new Client({ host: url.hostname, port: url.port || '2375', protocol: 'http' });
    const engine = new Engine(client, address);
    await engine.facts();
    return engine;
  }

  async facts(): Promise<EngineFacts> {
    const version = await this.#call('asking the engine for its version', () => this.#docker.version());
    const names: { Name: string }[] = version.Components ?? [];
    return {
      apiVersion: version.ApiVersion,
      podman: names.some(({ Name }) => /podman/i.test(Name)),
    };
  }

  async hasImage(image: string): Promise<boolean> {
    const found = await this.#find(() => this.#docker.getImage(image).inspect());
    return found !== undefined;
  }

  /** @throws AgentError DOCKER_IMAGE */
  async pull(image: string, onProgress: (line: string) => void, signal: AbortSignal): Promise<void> {
    try {
      const stream = await this.#docker.pull(image, { abortSignal: signal });
      await new Promise<void>((resolve, reject) => {
        const progress = (event: { status?: string; id?: string; progress?: string }) =>
          onProgress([event.id, event.status, event.progress].filter(Boolean).join(' '));
        this.#docker.modem.followProgress(stream, (error) => (error ? reject(error) : resolve()), progress);
      });
    } catch (error) {
      signal.throwIfAborted();
      throw new AgentError('DOCKER_IMAGE', `cannot pull ${image}: ${engineText(error)}`, { cause: error });
    }
  }

  /** @returns the container's id */
  async create(request: CreateRequest): Promise<string> {
    const container = await this.#call('creating the container', () =>
      this.#docker.createContainer(createOptions(request)),
    );
    return container.id;
  }

  async start(id: string): Promise<void> {
    await this.#call('starting the container', () => this.#docker.getContainer(id).start());
  }

  /** `undefined` for a container that is gone. */
  async inspect(id: string): Promise<ContainerState | undefined> {
    const found = await this.#find(() => this.#docker.getContainer(id).inspect());
    if (found === undefined) return undefined;
    return {
      id: found.Id,
      running: found.State.Running,
      exitCode: found.State.ExitCode,
      oomKilled: found.State.OOMKilled,
      error: found.State.Error,
      tty: found.Config.Tty,
      user: found.Config.User,
      environment: found.Config.Env ?? [],
      labels: found.Config.Labels ?? {},
      created: found.Created,
    };
  }

  /** Network mode of a container; `undefined` when this engine has no such one. */
  async networkOf(id: string): Promise<string | undefined> {
    const found = await this.#find(() => this.#docker.getContainer(id).inspect());
    return found?.HostConfig.NetworkMode || undefined;
  }

  /** Settles when the container has ended, also when it is gone; throws when the engine cannot be asked. */
  async wait(id: string, signal: AbortSignal): Promise<void> {
    await this.#find(() => this.#docker.getContainer(id).wait({ abortSignal: signal }));
  }

  /** The image's stop signal, grace, then kill, all by the engine. */
  async stop(id: string, graceSeconds: number): Promise<void> {
    await this.#find(() => this.#docker.getContainer(id).stop({ t: graceSeconds }));
  }

  async kill(id: string, signal: string): Promise<void> {
    await this.#find(() => this.#docker.getContainer(id).kill({ signal }));
  }

  /** With its unnamed volumes; nothing happens for one that is gone. */
  async remove(id: string): Promise<void> {
    await this.#find(() => this.#docker.getContainer(id).remove({ force: true, v: true }));
  }

  /** Ids of containers with all of these labels, running or not. */
  async list(labels: readonly string[]): Promise<string[]> {
    const found = await this.#call('listing containers', () =>
      this.#docker.listContainers({ all: true, filters: { label: [...labels] } }),
    );
    return found.map(({ Id }) => Id);
  }

  /** Further calls of this driver's own files, with the errors of the methods here. */
  ask<T>(doing: string, call: (docker: Docker) => Promise<T>): Promise<T> {
    return this.#call(doing, () => call(this.#docker));
  }

  /** The same about something that may be gone or not be in a state for it: `undefined` then. */
  askIfThere<T>(call: (docker: Docker) => Promise<T>): Promise<T | undefined> {
    return this.#find(() => call(this.#docker));
  }

  /** All output from the start, in the order in which it came; ends with the container. */
  async *logs(id: string, tty: boolean, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const stream = await this.#call('reading the output', () =>
      this.#docker.getContainer(id).logs({ follow: true, stdout: true, stderr: true, abortSignal: signal }),
    );
    if (!tty) {
      for await (const { data } of demultiplex(stream)) yield data;
      return;
    }
    for await (const chunk of stream) if (chunk instanceof Uint8Array) yield chunk;
  }

  /** Runs a command in the container to its end. @returns its exit code */
  async exec(id: string, command: EngineExec): Promise<number> {
    const exec = await this.#call('running a command in the container', () =>
      this.#docker.getContainer(id).exec({
        Cmd: [...command.argv],
        ...(command.env === undefined ? {} : { Env: [...command.env] }),
        ...(command.cwd === undefined ? {} : { WorkingDir: command.cwd }),
        ...(command.user === undefined ? {} : { User: command.user }),
        AttachStdin: command.input !== undefined,
        AttachStdout: true,
        AttachStderr: true,
      }),
    );
    const stream = await this.#call('running a command in the container', () =>
      exec.start({ hijack: command.input !== undefined, stdin: command.input !== undefined }),
    );
    if (command.input !== undefined) stream.end(command.input);
    for await (const { data, stream: name } of demultiplex(stream)) command.onOutput(data, name);
    const { ExitCode } = await this.#call('running a command in the container', () => exec.inspect());
    return ExitCode ?? -1;
  }

  /** A call about something that may be gone: 304 (nothing to do) and 404 are no errors. */
  async #find<T>(call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch (error) {
      const status = statusCode(error);
      if (status === 304 || status === 404 || status === 409) return undefined;
      throw this.#failure('asking the engine', error);
    }
  }

  async #call<T>(doing: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw this.#failure(doing, error);
    }
  }

  #failure(doing: string, error: unknown): AgentError {
    const code = systemCode(error);
    if (statusCode(error) === undefined && code !== undefined) return unreachable(this.address, code, error);
    return new AgentError('DOCKER_CONTAINER', `${doing}: ${engineText(error)}`, { cause: error });
  }
}

/** The create request as the client library takes it: nothing but name and platform goes into the address. */
export function createOptions(request: CreateRequest): Docker.ContainerCreateOptions {
  const { name, platform, ...body } = request;
  const query = { ...(name === undefined ? {} : { name }), ...(platform === undefined ? {} : { platform }) };
  return { _query: query, _body: body } as Docker.ContainerCreateOptions;
}

function unreachable(address: string, code: string, cause: unknown): AgentError {
  if (code === 'EACCES') {
    return new AgentError('DOCKER_ENGINE', `no permission on the container engine's socket ${address}`, {
      hint: 'Add the user to the group that owns the socket, usually "docker", and log in again.',
      cause,
    });
  }
  return new AgentError('DOCKER_ENGINE', `no container engine answers at ${address}: ${code}`, {
    hint: 'Start Docker (or podman system service), or set DOCKER_HOST.',
    cause,
  });
}

function statusCode(error: unknown): number | undefined {
  const code = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
  return typeof code === 'number' ? code : undefined;
}

/** The engine's own words, without the client library's frame around them. */
function engineText(error: unknown): string {
  const json = error instanceof Error && 'json' in error ? error.json : undefined;
  if (typeof json === 'object' && json !== null && 'message' in json) return String(json.message).trim();
  return causeLine(error)
    .replace(/^\(HTTP code \d+\) [^-]*- /, '')
    .trim();
}
