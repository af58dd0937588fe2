import type Docker from 'dockerode';
import { apiBefore } from '../../container/arguments/build-request.js';
import type { CreateRequest } from '../../container/create-request.js';
import { systemCode } from '../../errors.js';
import type { ContainerExec } from '../container/container-exec.js';
import { dockerAddress } from './connect/engine-address.js';
import { engineClient } from './connect/engine-client.js';
import { type EngineInfo, offersNvidia } from './connect/engine-info.js';
import { startPodman } from './connect/podman-service.js';
import { type ContainerState, containerState, type Platform } from './containers/container-state.js';
import { waitForEnd } from './containers/container-wait.js';
import { hasLabels, sentLabels } from './containers/label-filter.js';
import { createOptions } from './create-options.js';
import { engineError, statusCode } from './engine-errors.js';
import { execOptions, outputOf, passOutput, startExec } from './engine-exec.js';
import { type ImageFacts, inspectImage } from './image/inspect-image.js';
import { fitsPlatform, parsePlatform } from './image/platform.js';
import { podmanRequest, refuseMissingSources } from './podman-request.js';
import { demultiplex } from './stream-frames.js';

export interface EngineFacts {
  /** Of the calls made to it: `1.41`. */
  apiVersion: string;
  podman: boolean;
  /** Of the engine itself: `29.8.1`, `5.8.2`. */
  version: string;
  /** Processor of its machine, in Go's words: `amd64`, `arm64`. */
  architecture: string;
}

export interface ListedContainer {
  id: string;
  labels: Readonly<Record<string, string>>;
  /** `running`, `exited`, `created` …, in the engine's word. */
  state: string;
}

/** What a connection to an engine is made of. */
interface EngineParts {
  docker: Docker;
  /** As the user knows it, for errors. */
  address: string;
  /** Path of its socket, where it is one of this machine. */
  socket: string | undefined;
  /** `DOCKER_API_VERSION`. */
  apiVersion: string | undefined;
  problem: string | undefined;
  /** Starts an engine that ends by itself when it is idle; `false` when that is not ours to do. */
  revive(): Promise<boolean>;
}

type Env = Readonly<Record<string, string | undefined>>;

/** The container engine through its API; the client library is known to the files of this folder alone. */
export class Engine {
  readonly address: string;
  readonly socket: string | undefined;
  /** Why the docker command's configuration, or a part of it, does not count. */
  readonly problem: string | undefined;
  readonly #docker: Docker;
  readonly #apiVersion: string | undefined;
  readonly #revive: () => Promise<boolean>;
  /** Known from `connect` on. */
  #facts: EngineFacts | undefined;

  private constructor({ docker, address, socket, apiVersion, problem, revive }: EngineParts) {
    this.problem = problem;
    this.#apiVersion = apiVersion;
    this.#docker = docker;
    this.address = address;
    this.socket = socket;
    this.#revive = revive;
  }

  /**
   * The engine that the docker command of this user would ask; with `podman` Podman's service, which is
   * started when it does not run.
   *
   * @throws AgentError DOCKER_ENGINE when it does not answer, CONFIG_VALUE, CONFIG_FILE
   */
  static async connect(env: Env, kind: 'docker' | 'podman' = 'docker'): Promise<Engine> {
    const podman = kind === 'podman' ? await startPodman(env) : undefined;
    const address = podman?.address ?? dockerAddress(env);
    const { target, text, source } = address;
    const engine = new Engine({
      docker: await engineClient(address, env),
      address: source === '' || source === 'DOCKER_HOST' ? text : `${text} (${source})`,
      socket: target.kind === 'socket' ? target.path : undefined,
      apiVersion: address.apiVersion,
      problem: address.problem,
      revive: async () => podman?.start?.() ?? false,
    });
    await engine.facts();
    return engine;
  }

  /** Asked once for a connection: on Debian, Podman has its package manager look up programs for each answer. */
  async facts(): Promise<EngineFacts> {
    this.#facts ??= await this.#askFacts();
    return this.#facts;
  }

  async #askFacts(): Promise<EngineFacts> {
    const version = await this.#call('asking the engine for its version', () => this.#docker.version());
    const names: { Name: string }[] = version.Components ?? [];
    return {
      // An engine names its newest version, whichever the path of a call asks for.
      apiVersion: this.#apiVersion ?? version.ApiVersion,
      podman: names.some(({ Name }) => /podman/i.test(Name)),
      version: version.Version,
      architecture: version.Arch,
    };
  }

  get #podman(): boolean {
    return this.#facts?.podman === true;
  }

  /** The engine was set up to hand out NVIDIA GPUs. */
  async handsOutNvidia(): Promise<boolean> {
    return offersNvidia(await this.#info());
  }

  #info(): Promise<EngineInfo> {
    return this.#call('asking the engine about itself', () => this.#docker.info());
  }

  /** @param platform as `--platform` has it; without one any will do */
  async hasImage(image: string, platform?: string): Promise<boolean> {
    const wanted = platform === undefined ? undefined : parsePlatform(platform);
    const found = await this.inspectImage(image, wanted);
    return found !== undefined && (wanted === undefined || fitsPlatform(found, wanted));
  }

  /**
   * `undefined` for an image that is not there.
   *
   * @param platform of an image that the engine may have for several; before API 1.49 it does not take the question
   */
  async inspectImage(image: string, platform?: Partial<Platform>): Promise<ImageFacts | undefined> {
    const asks = platform?.os && platform.architecture && !apiBefore((await this.facts()).apiVersion, '1.49');
    return this.#find(() => inspectImage(this.#docker, image, asks ? platform : undefined));
  }

  /** User of an image's processes, `user` or `user:group`; empty for root, and for an image that is not there. */
  async imageUser(image: string): Promise<string> {
    const found = await this.#find(() => this.#docker.getImage(image).inspect());
    return found?.Config?.User ?? '';
  }

  /** @returns the container's id */
  async create(request: CreateRequest): Promise<string> {
    const taken = this.#podman ? await this.#forPodman(request) : request;
    const container = await this.#call('creating the container', () =>
      this.#docker.createContainer(createOptions(taken)),
    );
    return container.id;
  }

  async #forPodman(request: CreateRequest): Promise<CreateRequest> {
    const { version } = await this.facts();
    const { Runtimes = {} } = request.HostConfig.Runtime ? await this.#info() : {};
    return podmanRequest(request, { version, runtimes: Object.keys(Runtimes) });
  }

  /**
   * Docker refuses a mount whose source is missing, or makes the folder as `docker run -v` is known for. Podman's API
   * makes a folder in any case.
   *
   * @param request of an engine that sees the files of this machine under their own paths
   * @throws AgentError DOCKER_CONTAINER
   */
  refuseMissingSources(request: CreateRequest): void {
    if (this.#podman) refuseMissingSources(request);
  }

  async start(id: string): Promise<void> {
    await this.#call('starting the container', () => this.#docker.getContainer(id).start());
  }

  /** `undefined` for a container that is gone. */
  async inspect(id: string): Promise<ContainerState | undefined> {
    const found = await this.#find(() => this.#docker.getContainer(id).inspect());
    return found && containerState(found);
  }

  /** Settles when the container has ended, also when it is gone; throws when the engine cannot be asked. */
  async wait(id: string, signal: AbortSignal): Promise<void> {
    await this.#find(() => waitForEnd(this.#docker, id, signal));
  }

  /** The image's stop signal, grace, then kill, all by the engine. */
  async stop(id: string, graceSeconds: number): Promise<void> {
    await this.#find(() => this.#docker.getContainer(id).stop({ t: graceSeconds }));
  }

  async unpause(id: string): Promise<void> {
    await this.#find(() => this.#docker.getContainer(id).unpause());
  }

  async kill(id: string, signal: string): Promise<void> {
    await this.#find(() => this.#docker.getContainer(id).kill({ signal }));
  }

  /** With its unnamed volumes; nothing happens for one that is gone. */
  async remove(id: string): Promise<void> {
    // A forced removal is a kill in Docker; Podman 5 gives the container ten seconds after its stop signal.
    if (this.#podman) await this.kill(id, 'SIGKILL').catch(() => undefined);
    await this.#find(() => this.#docker.getContainer(id).remove({ force: true, v: true }));
  }

  /** Containers with all of these labels, running or not. */
  async list(labels: readonly string[]): Promise<ListedContainer[]> {
    const filters = { label: sentLabels(labels, this.#podman) };
    const found = await this.#call('listing containers', () =>
      this.#docker.listContainers({ all: true, filters }),
    );
    return found
      .map(({ Id, Labels, State }) => ({ id: Id, labels: Labels ?? {}, state: State }))
      .filter((listed) => hasLabels(listed.labels, labels));
  }

  /** Further calls of this driver's own files, with the errors of the methods here. */
  ask<T>(doing: string, call: (docker: Docker) => Promise<T>): Promise<T> {
    return this.#call(doing, () => call(this.#docker));
  }

  /** The same about something that may be gone or not be in a state for it: `undefined` then. */
  askIfThere<T>(call: (docker: Docker) => Promise<T>): Promise<T | undefined> {
    return this.#find(() => call(this.#docker));
  }

  /** What the engine itself has kept of the output; ends with the container. */
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
  async exec(id: string, command: ContainerExec): Promise<number> {
    // Each step by itself: a call is repeated when the engine was started again, the command never is.
    const doing = 'running a command in the container';
    const exec = await this.#call(doing, () => this.#docker.getContainer(id).exec(execOptions(command)));
    const stream = await this.#call(doing, () => startExec(exec, command));
    await this.#call(doing, () => passOutput(stream, command));
    const { ExitCode } = await this.#call(doing, () => exec.inspect());
    return ExitCode ?? -1;
  }

  /** What a command in the container prints, as it comes; ends with the command or the container. */
  async *execOutput(
    id: string,
    command: Pick<ContainerExec, 'argv'> & { signal: AbortSignal },
  ): AsyncGenerator<Uint8Array> {
    const stream = await this.#call('running a command in the container', async () => {
      const { argv } = command;
      const exec = await this.#docker.getContainer(id).exec({ Cmd: [...argv], AttachStdout: true });
      return exec.start({});
    });
    yield* outputOf(stream, command.signal);
  }

  /** A call about something that may be gone: 304 (nothing to do) and 404 are no errors. */
  async #find<T>(call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#alive(call);
    } catch (error) {
      const status = statusCode(error);
      if (status === 304 || status === 404 || status === 409) return undefined;
      throw engineError('asking the engine', error, this.address);
    }
  }

  async #call<T>(doing: string, call: () => Promise<T>): Promise<T> {
    try {
      return await this.#alive(call);
    } catch (error) {
      throw engineError(doing, error, this.address);
    }
  }

  /** An engine that has ended because it was idle is started again, once for each call. */
  async #alive<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      const code = systemCode(error);
      if ((code === 'ECONNREFUSED' || code === 'ENOENT' || code === 'EPIPE') && (await this.#revive()))
        return call();
      throw error;
    }
  }
}
