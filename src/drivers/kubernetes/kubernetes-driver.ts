import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import { stagingFolder } from '../../container/layout.js';
import type { PlannedContainer } from '../../container/plan/plan-container.js';
import type { Resources } from '../../container/resources/resource-words.js';
import { AgentError, causeLine, isAgentError } from '../../errors.js';
import { ensureFolder } from '../../os/files.js';
import { CONTAINER, ContainerPlace } from '../container/container-place.js';
import { networkVariables } from '../container/network-variables.js';
import type {
  Capabilities,
  Driver,
  LostRun,
  Place,
  PlaceCommand,
  PlaceRef,
  PlaceRequest,
  WorkloadRef,
} from '../driver.js';
import type { Cluster } from './cluster.js';
import {
  KUBERNETES,
  KUBERNETES_REF_VERSION,
  type KubernetesPlaceRef,
  type KubernetesWorkloadRef,
  kubernetesRef,
  podFolder,
} from './kubernetes-ref.js';
import { type KubernetesSettings, templateOf } from './kubernetes-settings.js';
import { KubernetesWorkload } from './kubernetes-workload.js';
import { PodBoard } from './pod-board.js';
import { createPod } from './pod-creation.js';
import { execInPod, type PodCommand } from './pod-exec.js';
import { PodFiles } from './pod-files.js';
import { type PodPlan, podFromPlan } from './pod-from-plan.js';
import { LAUNCHED, ownedBy, ownerId, podLabels, podName, RUN_LABEL, runLabel } from './pod-identity.js';
import { podLook } from './pod-look.js';
import { podReady } from './pod-ready.js';
import { removePod } from './pod-removal.js';
import { OUTPUT_INSIDE, RELEASE_TASK, START_INSIDE, startScript } from './pod-scripts.js';
import { TASK_CONTAINER } from './pod-state.js';

/** A scheduler places pods. */
const POD: Capabilities = { ...CONTAINER, appliesResources: true };

export interface PodTaskPlan {
  container: PlannedContainer;
  /** What the task states that it needs. */
  resources?: Resources;
  /** As `Place.cacheGroup`. */
  cacheGroup?: string;
}

export interface KubernetesDriverOptions {
  cluster: Cluster;
  settings: KubernetesSettings;
  /** For the agent's own tools, and what reaches the network. */
  environment: Readonly<Record<string, string | undefined>>;
  /** @throws AgentError for a task that asks for what is not allowed or makes no sense */
  plan(request: PlaceRequest): Promise<PodTaskPlan>;
  /** The name of a queue, by its id. */
  queueName(id: string): Promise<string | undefined>;
  /** Ends all watching when the daemon leaves; pods run on. */
  signal: AbortSignal;
}

/** Runs each task in a pod of its own. */
export class KubernetesDriver implements Driver {
  readonly kind = KUBERNETES;
  readonly capabilities = POD;
  readonly #options: KubernetesDriverOptions;
  readonly #places = new Map<string, { ref: KubernetesPlaceRef; place: ContainerPlace; workspace: string }>();
  /** By the owner of the pods. */
  readonly #boards = new Map<string, PodBoard>();
  /** Folders of runs whose `open` failed and may have left a pod. */
  readonly #unsure = new Set<string>();

  constructor(options: KubernetesDriverOptions) {
    this.#options = options;
  }

  /** @throws AgentError KUBERNETES, KUBERNETES_ACCESS, KUBERNETES_POD, DOCKER_IMAGE, DOCKER_ARGUMENT, DOCKER_POLICY */
  async open(request: PlaceRequest): Promise<Place> {
    const { cluster, settings } = this.#options;
    const { taskId, runFolder, workspace, reporter } = request;
    const { container, cacheGroup, resources = {} } = await this.#options.plan(request);
    const owner = await ownerOf(runFolder);
    const name = podName(taskId, owner, runFolder);
    const ref: KubernetesPlaceRef = {
      kind: KUBERNETES,
      version: KUBERNETES_REF_VERSION,
      taskId,
      pod: name,
      namespace: cluster.namespace,
      runFolder,
    };
    const queue = await this.#queueOf(request);
    const labels = podLabels({ taskId, owner, runFolder, queue, workerId: request.task?.workerId });
    const { graceSeconds } = settings;
    const planned = podFromPlan(
      { name, namespace: cluster.namespace, labels, annotations: {}, graceSeconds },
      { ...container, resources },
      templateOf(settings, queue === undefined ? [] : [queue.id, queue.name ?? queue.id]),
    );
    const notes = [...container.notes.filter((note) => note !== container.runLine), ...planned.notes];
    for (const note of notes) reporter.line(note, 'INFO');
    reporter.line(`pod ${name} in namespace ${cluster.namespace}, image ${container.request.Image}`, 'INFO');
    for (const folder of [runFolder, workspace, stagingFolder(workspace), podFolder(runFolder)])
      await ensureFolder(folder);
    try {
      await this.#create(ref, planned, request);
      const image = container.request.Image ?? '';
      const { scheduleMs, imageMs } = settings;
      const parts = { cluster, board: this.#board(owner), pod: name, image, scheduleMs, imageMs };
      const { signal } = request;
      const pod = await podReady({ ...parts, reporter, signal });
      const place = await this.#place({ ref, pod, container, cacheGroup, request });
      await place.prepare(container.scripts, request);
      return place;
    } catch (error) {
      await this.dispose(ref).catch(() => this.#unsure.add(runFolder));
      throw error;
    }
  }

  async clear(run: LostRun): Promise<void> {
    if (!this.#unsure.has(run.runFolder)) return;
    const ref = await this.search(run);
    if (ref !== undefined) await this.dispose(ref);
    this.#unsure.delete(run.runFolder);
  }

  /** @throws AgentError LAUNCH_FAILED when the pod ended during set-up */
  async launch(place: Place, command: PlaceCommand): Promise<KubernetesWorkload> {
    const pod = kubernetesRef(place.ref)?.pod ?? '';
    const opened = this.#places.get(pod);
    if (opened === undefined)
      throw new AgentError('INTERNAL', `not an open place of this driver: ${place.ref.kind}`);
    const { ref, workspace } = opened;
    const { cluster } = this.#options;
    await rm(stagingFolder(workspace), { recursive: true, force: true });
    const script = startScript(command, await opened.place.environment());
    try {
      await opened.place.write(START_INSIDE, script, 0o600);
      // Noted before the release: who finds the note releases it again, and nothing happens twice.
      await cluster.patchPod(pod, { metadata: { annotations: { [LAUNCHED]: new Date().toISOString() } } });
      await this.#releaseTask(pod);
    } catch (error) {
      if (isAgentError(error, 'KUBERNETES')) throw error;
      throw new AgentError('LAUNCH_FAILED', `the pod does not take its command: ${causeLine(error)}`, {
        cause: error,
      });
    }
    this.#places.delete(pod);
    return this.#workload(ref);
  }

  async attach(ref: WorkloadRef): Promise<KubernetesWorkload | undefined> {
    const known = this.#known(ref);
    if (known === undefined || (await this.#options.cluster.pod(known.pod)) === undefined) return undefined;
    return this.#workload(known);
  }

  /** By the note on the pod. */
  async find(ref: PlaceRef): Promise<KubernetesWorkloadRef | undefined> {
    const known = this.#known(ref);
    const pod = known && (await this.#options.cluster.pod(known.pod));
    if (known === undefined || pod?.metadata?.annotations?.[LAUNCHED] === undefined) return undefined;
    const isRunning = pod.status?.containerStatuses?.some(
      ({ name, state }) => name === TASK_CONTAINER && state?.running !== undefined,
    );
    if (isRunning) await this.#releaseTask(known.pod);
    return { ...known, output: OUTPUT_INSIDE };
  }

  async search({ taskId, runFolder }: LostRun): Promise<KubernetesPlaceRef | undefined> {
    const { cluster } = this.#options;
    const pod = podName(taskId, await ownerOf(runFolder), runFolder);
    if ((await cluster.pod(pod)) === undefined) return undefined;
    return {
      kind: KUBERNETES,
      version: KUBERNETES_REF_VERSION,
      taskId,
      pod,
      namespace: cluster.namespace,
      runFolder,
    };
  }

  async dispose(ref: PlaceRef): Promise<void> {
    const known = this.#known(ref);
    if (known === undefined) return;
    this.#places.delete(known.pod);
    await removePod(this.#options.cluster, known.pod);
  }

  async collect(runsFolder: string, runs: ReadonlySet<string>): Promise<string[]> {
    const { cluster } = this.#options;
    const kept = new Set([...runs].map((run) => runLabel(path.join(runsFolder, run))));
    const owner = await ownerId(path.dirname(runsFolder));
    const { pods } = await cluster.pods(ownedBy(owner));
    const left = pods.filter(({ metadata }) => !kept.has(metadata?.labels?.[RUN_LABEL] ?? ''));
    const names = left.map(({ metadata }) => metadata?.name ?? '');
    await Promise.all(names.map((name) => removePod(cluster, name)));
    return names.map((name) => `pod ${name}`);
  }

  async #create(
    { pod, runFolder }: KubernetesPlaceRef,
    planned: PodPlan,
    request: PlaceRequest,
  ): Promise<void> {
    const { cluster } = this.#options;
    const { labels = {} } = planned.pod.metadata ?? {};
    this.#unsure.add(runFolder);
    await cluster.createSecret({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: pod, labels },
      stringData: planned.variables,
    });
    const { scheduleMs } = this.#options.settings;
    await cluster.ownSecret(pod, await createPod(cluster, planned.pod, { ...request, scheduleMs }));
    this.#unsure.delete(runFolder);
  }

  async #place({ ref, pod, container, cacheGroup, request }: OpenedPod): Promise<ContainerPlace> {
    const { cluster, environment } = this.#options;
    const exec = (command: PodCommand) =>
      execInPod(cluster, { pod: ref.pod, container: TASK_CONTAINER }, command);
    const look = await podLook(exec);
    const { workspace } = request;
    const files = new PodFiles({ exec, owner: look.owner, workspace, environment });
    await files.sendOwn(container.own);
    const image = pod.status?.containerStatuses?.find(({ name }) => name === TASK_CONTAINER)?.imageID;
    const place = new ContainerPlace({
      exec,
      ref,
      image: image || undefined,
      environment: look.environment,
      capabilities: POD,
      sharesFiles: false,
      workspace,
      staging: files,
      network: networkVariables(environment),
      ...(cacheGroup === undefined ? {} : { cacheGroup }),
    });
    this.#places.set(ref.pod, { ref, place, workspace });
    return place;
  }

  async #releaseTask(pod: string): Promise<void> {
    const argv = ['/bin/sh', '-c', RELEASE_TASK];
    const where = { pod, container: TASK_CONTAINER };
    await execInPod(this.#options.cluster, where, { argv, onOutput: () => undefined });
  }

  async #workload(ref: KubernetesPlaceRef): Promise<KubernetesWorkload> {
    const { cluster, signal } = this.#options;
    const board = this.#board(await ownerOf(ref.runFolder));
    return new KubernetesWorkload({ ref: { ...ref, output: OUTPUT_INSIDE }, cluster, board, signal });
  }

  #board(owner: string): PodBoard {
    const { cluster, signal } = this.#options;
    const board = this.#boards.get(owner) ?? new PodBoard({ cluster, selector: ownedBy(owner), signal });
    this.#boards.set(owner, board);
    return board;
  }

  /** @throws AgentError KUBERNETES_ACCESS for a pod in another namespace than this daemon's */
  #known(ref: PlaceRef): KubernetesPlaceRef | undefined {
    const known = kubernetesRef(ref);
    const { namespace } = this.#options.cluster;
    if (known === undefined || known.namespace === namespace) return known;
    throw new AgentError(
      'KUBERNETES_ACCESS',
      `pod ${known.pod} of an earlier run is in namespace ${known.namespace}, and this agent works in ${namespace}`,
      { hint: `Start the agent once with --namespace ${known.namespace}, or delete the pod.` },
    );
  }

  async #queueOf({ task }: PlaceRequest): Promise<{ id: string; name: string | undefined } | undefined> {
    const id = task?.queue;
    return id === undefined ? undefined : { id, name: await this.#options.queueName(id) };
  }
}

interface OpenedPod extends Pick<PodTaskPlan, 'container'> {
  ref: KubernetesPlaceRef;
  pod: V1Pod;
  cacheGroup: string | undefined;
  request: PlaceRequest;
}

/** The worker's folder, which has the folders of its runs. */
function ownerOf(runFolder: string): Promise<string> {
  return ownerId(path.dirname(path.dirname(runFolder)));
}
