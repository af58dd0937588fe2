import { open, rm } from 'node:fs/promises';
import path from 'node:path';
import type { CreateRequest } from '../../container/create-request.js';
import { controlFolder, stagingFolder } from '../../container/layout.js';
import { AgentError, isAgentError } from '../../errors.js';
import { type ContainerOutput, IN_CONTAINER } from '../container/container-output.js';
import { CONTAINER, ContainerPlace, type MountedFolder } from '../container/container-place.js';
import { networkVariables } from '../container/network-variables.js';
import { fitOwnMounts, giveFolders } from '../container/own-mounts.js';
import { UnsurePlaces } from '../container/unsure-places.js';
import type {
  Driver,
  ImageMaker,
  LostRun,
  Place,
  PlaceCommand,
  PlaceRef,
  PlaceRequest,
  WorkloadRef,
} from '../driver.js';
import { firstLook } from './containers/container-owner.js';
import {
  boundFolders,
  type ContainerPlan,
  completeRequest,
  removedVariables,
  runLabels,
  SIDE_LABEL,
} from './containers/container-plan.js';
import type { ContainerState } from './containers/container-state.js';
import { runAside } from './containers/side-container.js';
import {
  DOCKER,
  DOCKER_REF_VERSION,
  type DockerPlaceRef,
  type DockerWorkloadRef,
  dockerRef,
} from './docker-ref.js';
import { DockerWorkload } from './docker-workload.js';
import { FileSharing, type FileSharingOptions } from './files/file-sharing.js';
import { giveBack, mustBeGivenBack, ownUser } from './files/given-back.js';
import type { RunFiles, RunOutput } from './files/run-files.js';
import { stagingOf } from './files/staging.js';
import { ContainerImageMaker } from './image/image-maker.js';
import { imageKey } from './image/inspect-image.js';
import { provideImage } from './image/provide-image.js';
import { containerOf, launchedIn, removeStray } from './left-container.js';
import { FileOutput } from './output/file-output.js';
import { startScript } from './waiting-command.js';

export interface DockerDriverOptions extends FileSharingOptions {
  /** @throws AgentError for a task that asks for what is not allowed or makes no sense */
  plan(request: PlaceRequest): Promise<ContainerPlan>;
  /** Ends all watching when the daemon leaves; containers run on. */
  signal: AbortSignal;
}

/** Runs tasks in containers of an engine. */
export class DockerDriver implements Driver {
  readonly kind = DOCKER;
  readonly capabilities = CONTAINER;
  readonly #options: DockerDriverOptions;
  readonly #places = new Map<string, OpenPlace>();
  /** Of commands that this process watches, by container. */
  readonly #outputs = new Map<string, ContainerOutput>();
  readonly #sharing: FileSharing;
  readonly #unsure = new UnsurePlaces();

  constructor(options: DockerDriverOptions) {
    this.#options = options;
    this.#sharing = new FileSharing(options);
  }

  /** @throws AgentError DOCKER_ENGINE, DOCKER_IMAGE, DOCKER_CONTAINER, DOCKER_ARGUMENT, DOCKER_POLICY, DISK_FULL */
  async open(request: PlaceRequest): Promise<Place> {
    const { engine, environment: env } = this.#options;
    const { reporter, signal } = request;
    let plan: FittedPlan = await this.#options.plan(request);
    for (const note of plan.notes) reporter.line(note, 'INFO');
    const { Image: image = '', platform } = plan.request;
    await provideImage(engine, { image, platform, policy: plan.pull, env, reporter, signal });
    const files = await this.#sharing.filesOf(plan, request);
    if (files.shared) plan = await this.#fitted(plan, request);
    const keep = plan.request.HostConfig.AutoRemove === false;
    const { taskId, runFolder } = request;
    if (files.shared && this.#options.engineSees === undefined) engine.refuseMissingSources(plan.request);
    const container = await this.#created(plan, files, runFolder);
    const ref: DockerPlaceRef = {
      kind: DOCKER,
      version: DOCKER_REF_VERSION,
      taskId,
      container,
      runFolder,
      ...(keep ? { keep } : {}),
      ...(files.shared && mustBeGivenBack() ? { workspace: request.workspace } : {}),
    };
    try {
      await files.beforeStart(container);
      await engine.start(container);
      const place = await this.#started({ plan, ref, files, request });
      await place.prepare(plan.scripts, request);
      return place;
    } catch (error) {
      await files.close();
      await this.dispose(ref).catch(() => this.#unsure.add(request));
      throw error;
    }
  }

  clear(run: LostRun): Promise<void> {
    return this.#unsure.clear(run, this);
  }

  /** @throws AgentError LAUNCH_FAILED when the container ended during set-up */
  async launch(place: Place, command: PlaceCommand): Promise<DockerWorkload> {
    const { ref, place: own, files, request, workspace } = this.#opened(place);
    const { container } = ref;
    await rm(stagingFolder(workspace), { recursive: true, force: true });
    const environment = { ...removedVariables(request), ...(await own.environment()) };
    await files.release(container, startScript(command, { environment, output: files.outputInside }));
    this.#places.delete(container);
    return this.#workload(ref, files.output(container));
  }

  /** For making an image of an open place instead of running a command in it. */
  async imageMaker(place: Place): Promise<ImageMaker> {
    const { ref } = this.#opened(place);
    return new ContainerImageMaker({ engine: this.#options.engine, ref });
  }

  async attach(ref: WorkloadRef): Promise<DockerWorkload | undefined> {
    const docker = dockerRef(ref);
    const state = docker && (await this.#options.engine.inspect(docker.container));
    if (docker === undefined || state === undefined) return undefined;
    if (ref.output !== IN_CONTAINER) {
      // It may have been removed with the folder of the run; the end of the command is still to be waited for.
      await (await open(ref.output, 'a', 0o600)).close();
      return this.#workload(docker, { output: new FileOutput(ref.output), kept: ref.output });
    }
    const { UploadedFiles } = await import('./files/uploaded-files.js');
    return this.#workload(docker, UploadedFiles.outputOf(this.#options.engine, docker.container));
  }

  find(ref: PlaceRef): Promise<DockerWorkloadRef | undefined> {
    return launchedIn(this.#options.engine, ref);
  }

  search(run: LostRun): Promise<DockerPlaceRef | undefined> {
    return containerOf(this.#options.engine, run);
  }

  /** A container that is to be kept is only ended. */
  async dispose(ref: PlaceRef): Promise<void> {
    const docker = dockerRef(ref);
    if (docker === undefined) return;
    const { engine } = this.#options;
    await this.#places.get(docker.container)?.files.close();
    this.#places.delete(docker.container);
    await this.#outputs.get(docker.container)?.close();
    this.#outputs.delete(docker.container);
    const state = docker.workspace === undefined ? undefined : await engine.inspect(docker.container);
    if (docker.keep) await engine.stop(docker.container, 0);
    else await engine.remove(docker.container);
    if (state !== undefined && docker.workspace !== undefined)
      await giveBack({ ...this.#side(state, docker), workspace: docker.workspace });
  }

  async collect(runsFolder: string, runs: ReadonlySet<string>): Promise<string[]> {
    const removed = await removeStray(this.#options.engine, runsFolder, runs);
    return removed.map((id) => `container ${id.slice(0, 12)}`);
  }

  #opened(place: Place): OpenPlace {
    const opened = this.#places.get(dockerRef(place.ref)?.container ?? '');
    if (opened !== undefined) return opened;
    throw new AgentError('INTERNAL', `not an open place of this driver: ${place.ref.kind}`);
  }

  /** The plan with the agent's own mounts as the container's user can use them. */
  async #fitted(plan: ContainerPlan, { runFolder, reporter }: PlaceRequest): Promise<FittedPlan> {
    const { engine } = this.#options;
    const { request, own = [], cacheGroup } = plan;
    const user = request.User || (await engine.imageUser(request.Image ?? ''));
    const copies = path.join(controlFolder(runFolder), 'own');
    const engineSees = (file: string) => this.#sharing.sees(file);
    const fitted = await fitOwnMounts({
      request,
      own,
      user,
      copies,
      engineSees,
      ...(cacheGroup === undefined ? {} : { cacheGroup }),
    });
    for (const note of fitted.notes) reporter.line(note, 'WARNING');
    return { ...plan, request: fitted.request, userFolders: fitted.folders, mounted: fitted.mounted };
  }

  async #created(plan: ContainerPlan, files: RunFiles, runFolder: string): Promise<string> {
    try {
      await files.beforeCreate();
      return await this.#options.engine.create(completeRequest(plan, files, runFolder));
    } catch (error) {
      // The engine may have made it and ended before it answered.
      if (isAgentError(error, 'DOCKER_ENGINE')) this.#unsure.add({ runFolder });
      await files.close();
      throw error;
    }
  }

  #workload(ref: DockerPlaceRef, { output, kept }: RunOutput): DockerWorkload {
    const { engine, signal } = this.#options;
    this.#outputs.set(ref.container, output);
    return new DockerWorkload({ engine, ref: { ...ref, output: kept }, output, signal });
  }

  async #started({ plan, ref, files, request }: StartedContainer): Promise<ContainerPlace> {
    const { engine, environment } = this.#options;
    const { container } = ref;
    const [look, state] = await Promise.all([firstLook(engine, container), engine.inspect(container)]);
    const { owner } = look;
    if (owner !== undefined) await giveFolders(plan.userFolders ?? [], owner, environment);
    await files.afterStart({ container, owner });
    const removed = removedVariables(plan.request);
    const seen = Object.entries(look.environment).filter(([name]) => !(name in removed));
    const place = new ContainerPlace({
      exec: (command) => engine.exec(container, command),
      ref,
      image: state && (await imageKey(engine, state)),
      environment: Object.fromEntries(seen),
      removed,
      sharesFiles: files.shared,
      workspace: request.workspace,
      mounts: files.shared ? [...boundFolders(plan.request), ...(plan.mounted ?? [])] : [],
      network: networkVariables(environment),
      staging: stagingOf({
        engine,
        container: { container, owner },
        files,
        workspace: request.workspace,
        environment,
      }),
      ...(plan.cacheGroup === undefined ? {} : { cacheGroup: plan.cacheGroup }),
      ...(plan.unprivileged ? { unprivileged: true } : {}),
      ...(files.shared && state !== undefined && !plan.unprivileged
        ? { aside: this.#aside(state, ref) }
        : {}),
    });
    const { workspace } = request;
    this.#places.set(container, { ref, place, files, workspace, request: plan.request });
    return place;
  }

  /** For a container beside that of a run. */
  #side({ image }: ContainerState, { runFolder }: DockerPlaceRef) {
    const { engine, environment } = this.#options;
    const sees = (file: string) => this.#sharing.sees(file) ?? file;
    const labels = { ...runLabels(runFolder), [SIDE_LABEL]: '1' };
    return { engine, environment, image, labels, sees };
  }

  /** Caches belong to the agent's user, whoever the image's is. */
  #aside(state: ContainerState, ref: DockerPlaceRef): NonNullable<Place['aside']> {
    return (command) => runAside({ ...this.#side(state, ref), user: ownUser() }, command);
  }
}

interface OpenPlace {
  ref: DockerPlaceRef;
  place: ContainerPlace;
  files: RunFiles;
  workspace: string;
  /** What its container was made from. */
  request: CreateRequest;
}

interface FittedPlan extends ContainerPlan {
  /** Folders of this machine that are to belong to the container's user. */
  userFolders?: readonly string[];
  /** Where the container has the agent's own mounts, by the names that the configuration has for them. */
  mounted?: readonly MountedFolder[];
}

interface StartedContainer {
  plan: FittedPlan;
  ref: DockerPlaceRef;
  files: RunFiles;
  request: PlaceRequest;
}
