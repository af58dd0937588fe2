import { constants } from 'node:fs';
import { chmod, open } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AgentError, systemCode } from '../../errors.js';
import { run } from '../../os/exec.js';
import { ensureFolder, writeFileDurable } from '../../os/files.js';
import type { Driver, Place, PlaceCommand, PlaceRef, PlaceRequest, WorkloadRef } from '../driver.js';
import type { CreateRequest } from './create-request.js';
import { DockerPlace, type MountedFolder } from './docker-place.js';
import {
  CONTROL_INSIDE,
  controlFolder,
  type DockerPlaceRef,
  dockerRef,
  WORKSPACE_INSIDE,
} from './docker-ref.js';
import { DockerWorkload } from './docker-workload.js';
import type { Engine } from './engine.js';
import { provideImage } from './image/provide-image.js';
import type { PullPolicy } from './run-options/request-draft.js';
import type { SetupScript } from './setup-scripts.js';
import { startScript, WAITING_COMMAND } from './waiting-command.js';

/** One task's container, planned. */
export interface ContainerPlan {
  /** With image, arguments, mounts and variables; its command and lifetime are the driver's. */
  request: CreateRequest;
  pull: PullPolicy;
  scripts: readonly SetupScript[];
  /** Lines for the task's log: the `docker run` line, what was left out. */
  notes: readonly string[];
  /** No label says whose it is: an image that is made of the container would keep it. */
  unlabelled?: true;
}

export interface DockerDriverOptions {
  engine: Engine;
  /** @throws AgentError for a task that asks for what is not allowed or makes no sense */
  plan(request: PlaceRequest): Promise<ContainerPlan>;
  /** How the engine sees a folder of the agent; the same unless the agent is in a container itself. */
  engineSees?(folder: string): string;
  /** Environment for the agent's own tools. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Ends all watching when the daemon leaves; containers run on. */
  signal: AbortSignal;
}

/** Marks containers of this agent with their run, so that leftovers are found. */
export const RUN_LABEL = 'clearml-agent-run';

/** The waiting shell opens its pipe at once after its start. */
const RELEASE_TIMEOUT_MS = 15_000;
const RELEASE_RETRY_MS = 10;

/** Runs tasks in containers of an engine. */
export class DockerDriver implements Driver {
  readonly kind = 'docker';
  readonly #options: DockerDriverOptions;
  readonly #places = new Map<string, OpenPlace>();

  constructor(options: DockerDriverOptions) {
    this.#options = options;
  }

  /** @throws AgentError DOCKER_ENGINE, DOCKER_IMAGE, DOCKER_CONTAINER, DOCKER_ARGUMENT, DOCKER_POLICY */
  async open(request: PlaceRequest): Promise<Place> {
    const { engine } = this.#options;
    const plan = await this.#options.plan(request);
    for (const note of plan.notes) request.reporter.line(note, 'INFO');
    await this.#provideImage(plan, request);
    await this.#prepareFolders(request);
    const container = await engine.create(this.#completed(plan, request));
    const ref: DockerPlaceRef = {
      kind: 'docker',
      taskId: request.taskId,
      container,
      runFolder: request.runFolder,
    };
    try {
      await engine.start(container);
      const [owner, state] = await Promise.all([this.#owner(container), engine.inspect(container)]);
      const place = new DockerPlace({
        engine,
        ref,
        image: state?.image,
        workspace: request.workspace,
        mounts: boundFolders(plan.request),
        network: networkVariables(this.#options.environment),
        handOver: () => this.#handOver(request.workspace, owner),
      });
      this.#places.set(container, {
        place,
        owner,
        workspace: request.workspace,
        tty: plan.request.Tty === true,
      });
      await place.prepare(plan.scripts, request);
      return place;
    } catch (error) {
      await engine.remove(container);
      throw error;
    }
  }

  /** @throws AgentError LAUNCH_FAILED when the container ended during set-up */
  async launch(place: Place, command: PlaceCommand): Promise<DockerWorkload> {
    const ref = dockerRef(place.ref);
    const opened = ref && this.#places.get(ref.container);
    if (ref === undefined || opened === undefined) {
      throw new AgentError('INTERNAL', `not an open place of this driver: ${place.kind}`);
    }
    await this.#handOver(opened.workspace, opened.owner);
    const control = controlFolder(ref.runFolder);
    const script = startScript(command, await opened.place.environment());
    await writeFileDurable(path.join(control, 'start'), script, 0o644);
    await this.#release(ref, path.join(control, 'go'));
    this.#places.delete(ref.container);
    return this.#workload(ref, opened.tty);
  }

  /** Also finds a container whose launch the daemon did not live to note. */
  async attach(ref: WorkloadRef): Promise<DockerWorkload | undefined> {
    const docker = dockerRef(ref);
    const state = docker && (await this.#options.engine.inspect(docker.container));
    return docker && state ? this.#workload(docker, state.tty) : undefined;
  }

  async dispose(ref: PlaceRef): Promise<void> {
    const docker = dockerRef(ref);
    if (docker !== undefined) await this.#options.engine.remove(docker.container);
  }

  /** Removes containers of earlier runs of this worker that no journal knows. */
  async collectLeftovers(parentWorkerId: string, known: ReadonlySet<string>): Promise<string[]> {
    const found = await this.#options.engine.list([RUN_LABEL, `clearml-parent-worker-id=${parentWorkerId}`]);
    const left = found.filter((id) => !known.has(id));
    for (const id of left) await this.#options.engine.remove(id);
    return left;
  }

  #workload(ref: DockerPlaceRef, tty: boolean): DockerWorkload {
    const { engine, signal } = this.#options;
    return new DockerWorkload({ engine, ref: { ...ref, output: 'engine' }, tty, signal });
  }

  async #provideImage({ request, pull }: ContainerPlan, { reporter, signal }: PlaceRequest): Promise<void> {
    const { engine, environment: env } = this.#options;
    const { Image: image = '', platform } = request;
    await provideImage(engine, { image, platform, policy: pull, env, reporter, signal });
  }

  async #prepareFolders({ runFolder, workspace }: PlaceRequest): Promise<void> {
    const control = controlFolder(runFolder);
    await ensureFolder(runFolder);
    await ensureFolder(workspace);
    await ensureFolder(control);
    // Any user of the image must reach it; nobody else of this machine gets past the run's own folder.
    await chmod(control, 0o755);
    const pipe = path.join(control, 'go');
    await run(['rm', '-f', pipe, path.join(control, 'start')], { env: this.#options.environment });
    await run(['mkfifo', '-m', '644', pipe], { env: this.#options.environment });
  }

  /** The planned request with the waiting command, and kept after its end until it has been read. */
  #completed(plan: ContainerPlan, { runFolder, workspace }: PlaceRequest): CreateRequest {
    const { request: planned } = plan;
    const sees = this.#options.engineSees ?? ((folder: string) => folder);
    const { HostConfig: host } = planned;
    const binds = [
      ...(host.Binds ?? []),
      `${sees(workspace)}:${WORKSPACE_INSIDE}`,
      `${sees(controlFolder(runFolder))}:${CONTROL_INSIDE}:ro`,
    ];
    return {
      ...planned,
      Entrypoint: WAITING_COMMAND,
      Cmd: [],
      ...(plan.unlabelled ? {} : { Labels: { ...planned.Labels, [RUN_LABEL]: path.basename(runFolder) } }),
      HostConfig: { ...host, Binds: binds, AutoRemove: false },
    };
  }

  /** User and group of the container's processes; `undefined` for root. */
  async #owner(container: string): Promise<string | undefined> {
    let ids = '';
    const exitCode = await this.#options.engine.exec(container, {
      argv: ['/bin/sh', '-c', 'printf "%s:%s" "$(id -u)" "$(id -g)"'],
      onOutput: (data, stream) => {
        if (stream === 'stdout') ids += new TextDecoder().decode(data);
      },
    });
    if (exitCode === 0 && /^\d+:\d+$/.test(ids)) return ids.startsWith('0:') ? undefined : ids;
    const state = await this.#options.engine.inspect(container);
    if (state?.running) return undefined;
    throw new AgentError(
      'DOCKER_CONTAINER',
      `the container ended at once with status ${state?.exitCode ?? '?'}`,
      {
        hint: 'The image needs /bin/sh.',
      },
    );
  }

  /** Only root can give files to another user, and only then it is needed. */
  async #handOver(workspace: string, owner: string | undefined): Promise<void> {
    if (owner === undefined || process.getuid?.() !== 0) return;
    const [user = ''] = owner.split(':');
    // A file with further names belongs to a cache as well.
    const own = ['(', '-type', 'd', '-o', '-links', '1', ')'];
    const change = ['-exec', 'chown', '-h', owner, '{}', '+'];
    await run(['find', workspace, '!', '-uid', user, ...own, ...change], { env: this.#options.environment });
  }

  async #release(ref: DockerPlaceRef, pipe: string): Promise<void> {
    const deadline = Date.now() + RELEASE_TIMEOUT_MS;
    for (;;) {
      try {
        const handle = await open(pipe, constants.O_WRONLY | constants.O_NONBLOCK);
        await handle.close();
        return;
      } catch (error) {
        if (systemCode(error) !== 'ENXIO') throw error;
      }
      const state = await this.#options.engine.inspect(ref.container);
      if (!state?.running) {
        throw new AgentError(
          'LAUNCH_FAILED',
          `the container ended before its command (status ${state?.exitCode ?? 'unknown'})`,
        );
      }
      if (Date.now() > deadline)
        throw new AgentError('LAUNCH_FAILED', 'the container does not take its command');
      await sleep(RELEASE_RETRY_MS);
    }
  }
}

/** Folders of the machine that the container has, where both sides name them alike. */
function boundFolders({ HostConfig }: CreateRequest): MountedFolder[] {
  const binds = (HostConfig.Binds ?? []).map((bind) => bind.split(':'));
  return binds.flatMap(([host = '', inside = '']) => (path.isAbsolute(host) ? [{ host, inside }] : []));
}

/** How programs reach the network from here; a container has the same way out unless it is told otherwise. */
function networkVariables(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const names = /^(?:https?|ftp|all|no)_proxy$/i;
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => names.test(entry[0]) && entry[1] !== undefined,
    ),
  );
}

interface OpenPlace {
  place: DockerPlace;
  owner: string | undefined;
  workspace: string;
  tty: boolean;
}
