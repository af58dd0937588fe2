import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import { stagingFolder } from '../../container/layout.js';
import type { PlannedContainer } from '../../container/plan/plan-container.js';
import type { Resources } from '../../container/resources/resource-words.js';
import { AgentError, causeLine, isAgentError } from '../../errors.js';
import { ensureFolder } from '../../os/files.js';
import type { ContainerPlace } from '../container/container-place.js';
import { UnsurePlaces } from '../container/unsure-places.js';
import type { Driver, LostRun, Place, PlaceCommand, PlaceRef, PlaceRequest, WorkloadRef } from '../driver.js';
import type { Cluster } from './cluster.js';
import {
  KUBERNETES,
  type KubernetesPlaceRef,
  type KubernetesWorkloadRef,
  kubernetesRef,
  placeRef,
  podFolder,
} from './kubernetes-ref.js';
import {
  type KubernetesSettings,
  namespaceOfTemplate,
  namespacesOf,
  templateOf,
} from './kubernetes-settings.js';
import { KubernetesWorkload } from './kubernetes-workload.js';
import { PodBoard } from './pod-board.js';
import { createPod } from './pod-creation.js';
import { type PodPlan, podFromPlan } from './pod-from-plan.js';
import { LAUNCHED, ownedBy, ownerId, ownerOfRun, podLabels, podName, runLabel } from './pod-identity.js';
import { POD, podPlace } from './pod-place.js';
import { podReady } from './pod-ready.js';
import { removeOthers, removePod } from './pod-removal.js';
import {
  OUTPUT_INSIDE,
  type Restart,
  releaseTask,
  restartOf,
  START_INSIDE,
  startScript,
} from './pod-scripts.js';
import { openSession } from './pod-session.js';
import { PodSessions } from './pod-sessions.js';
import { KEEPER_CONTAINER, TASK_CONTAINER } from './pod-state.js';
import { podShare } from './shared-volume.js';

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
  readonly #places = new Map<string, OpenPlace>();
  /** By the namespace and the owner of the pods. */
  readonly #boards = new Map<string, PodBoard>();
  readonly #unsure = new UnsurePlaces();
  #opening = 0;

  constructor(options: KubernetesDriverOptions) {
    this.#options = options;
  }

  /** @throws AgentError KUBERNETES, KUBERNETES_ACCESS, KUBERNETES_POD, NO_PLACE, DOCKER_IMAGE, DOCKER_ARGUMENT, DOCKER_POLICY */
  async open(request: PlaceRequest): Promise<Place> {
    const { settings } = this.#options;
    const { taskId, runFolder, workspace, reporter } = request;
    const { container, cacheGroup, resources = {} } = await this.#options.plan(request);
    const owner = await ownerOfRun(runFolder);
    const name = podName(taskId, owner, runFolder);
    const queue = await this.#queueOf(request);
    const template = templateOf(settings, queue === undefined ? [] : [queue.id, queue.name ?? queue.id]);
    const cluster = this.#cluster(namespaceOfTemplate(template));
    const { namespace } = cluster;
    const ref = placeRef({ taskId, pod: name, namespace, runFolder });
    const labels = podLabels({ taskId, owner, runFolder, queue, workerId: request.task?.workerId });
    const { graceSeconds, shared } = settings;
    for (const folder of [runFolder, workspace, stagingFolder(workspace), podFolder(runFolder)])
      await ensureFolder(folder);
    const share = shared && (await podShare(shared, { workspace, container, cacheGroup, runFolder }));
    const planned = podFromPlan(
      { name, namespace, labels, annotations: {}, graceSeconds },
      { ...container, resources, share },
      template,
    );
    const notes = [...container.notes.filter((note) => note !== container.runLine), ...planned.notes];
    for (const note of notes) reporter.line(note, 'INFO');
    reporter.line(`pod ${name} in namespace ${namespace}, image ${container.request.Image}`, 'INFO');
    const sessions = this.#sessions(ref, TASK_CONTAINER, SPARE);
    try {
      const image = container.request.Image ?? '';
      const { signal, pending, waiting = (wait) => wait() } = request;
      const pod = await waiting(async () => {
        await this.#create(ref, planned, request);
        const board = this.#board(owner, cluster);
        const parts = { cluster, board, pod: name, image, limits: settings, reporter, signal, pending };
        return podReady({ ...parts, onNode: () => void this.#openAhead(sessions, signal) });
      });
      sessions.ahead();
      const opened = { sessions, ref, pod, container, cacheGroup, share, workspace };
      const place = await podPlace({ ...opened, environment: this.#options.environment });
      this.#places.set(name, { ref, place, workspace, sessions, restart: restartOf(container) });
      await place.prepare(container.scripts, request);
      return place;
    } catch (error) {
      sessions.close();
      await this.dispose(ref).catch(() => this.#unsure.add(ref));
      throw error;
    }
  }

  clear(run: LostRun): Promise<void> {
    return this.#unsure.clear(run, this);
  }

  /** @throws AgentError LAUNCH_FAILED when the pod ended during set-up */
  async launch(place: Place, command: PlaceCommand): Promise<KubernetesWorkload> {
    const pod = kubernetesRef(place.ref)?.pod ?? '';
    const opened = this.#places.get(pod);
    if (opened === undefined)
      throw new AgentError('INTERNAL', `not an open place of this driver: ${place.ref.kind}`);
    const { ref, workspace, sessions, restart } = opened;
    const cluster = this.#cluster(ref.namespace);
    const keeper = this.#sessions(ref, KEEPER_CONTAINER, 1);
    sessions.rest();
    keeper.ahead();
    keeper.rest();
    await rm(stagingFolder(workspace), { recursive: true, force: true });
    const script = startScript(command, await opened.place.environment(), restart);
    try {
      await opened.place.write(START_INSIDE, script, 0o600);
      // Noted before the release: who finds the note releases it again, and nothing happens twice.
      await cluster.patchPod(pod, { metadata: { annotations: { [LAUNCHED]: new Date().toISOString() } } });
      await releaseTask(sessions);
    } catch (error) {
      keeper.close();
      if (isAgentError(error, 'KUBERNETES')) throw error;
      throw new AgentError('LAUNCH_FAILED', `the pod does not take its command: ${causeLine(error)}`, {
        cause: error,
      });
    }
    this.#places.delete(pod);
    sessions.close();
    return this.#workload(ref, keeper);
  }

  async attach(ref: WorkloadRef): Promise<KubernetesWorkload | undefined> {
    const known = kubernetesRef(ref);
    if (known === undefined || (await this.#podOf(known)) === undefined) return undefined;
    return this.#workload(known);
  }

  /** By the note on the pod. */
  async find(ref: PlaceRef): Promise<KubernetesWorkloadRef | undefined> {
    const known = kubernetesRef(ref);
    const pod = known && (await this.#podOf(known));
    if (known === undefined || pod?.metadata?.annotations?.[LAUNCHED] === undefined) return undefined;
    const isRunning = pod.status?.containerStatuses?.some(
      ({ name, state }) => name === TASK_CONTAINER && state?.running !== undefined,
    );
    if (isRunning) await releaseTask(this.#sessions(known, TASK_CONTAINER));
    return { ...known, output: OUTPUT_INSIDE };
  }

  async search({ taskId, runFolder }: LostRun): Promise<KubernetesPlaceRef | undefined> {
    const pod = podName(taskId, await ownerOfRun(runFolder), runFolder);
    for (const { namespace } of this.#clusters()) {
      const ref = placeRef({ taskId, pod, namespace, runFolder });
      if ((await this.#podOf(ref)) !== undefined) return ref;
    }
    return undefined;
  }

  async dispose(ref: PlaceRef): Promise<void> {
    const known = kubernetesRef(ref);
    if (known === undefined) return;
    this.#places.get(known.pod)?.sessions.close();
    this.#places.delete(known.pod);
    await removePod(this.#cluster(known.namespace), known.pod);
  }

  async collect(runsFolder: string, runs: ReadonlySet<string>): Promise<string[]> {
    const kept = new Set([...runs].map((run) => runLabel(path.join(runsFolder, run))));
    const owner = await ownerId(path.dirname(runsFolder));
    const removed = this.#clusters().map((cluster) => removeOthers(cluster, owner, kept));
    return (await Promise.all(removed)).flat();
  }

  #cluster(namespace: string | undefined): Cluster {
    const { cluster } = this.#options;
    return namespace === undefined ? cluster : cluster.in(namespace);
  }

  /** One for each namespace that pods of this agent may be in. */
  #clusters(): Cluster[] {
    const { cluster, settings } = this.#options;
    return namespacesOf(settings, cluster.namespace).map((namespace) => cluster.in(namespace));
  }

  #podOf({ namespace, pod }: KubernetesPlaceRef): Promise<V1Pod | undefined> {
    return this.#cluster(namespace).pod(pod);
  }

  async #create(
    { pod, namespace, runFolder }: KubernetesPlaceRef,
    planned: PodPlan,
    request: PlaceRequest,
  ): Promise<void> {
    const cluster = this.#cluster(namespace);
    const { labels = {} } = planned.pod.metadata ?? {};
    this.#unsure.add({ runFolder });
    await cluster.createSecret({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: pod, labels },
      stringData: planned.variables,
    });
    const { scheduleMs } = this.#options.settings;
    await cluster.ownSecret(pod, await createPod(cluster, planned.pod, { ...request, scheduleMs }));
    this.#unsure.delete({ runFolder });
  }

  /** Where many pods start, a moment does not count. */
  async #openAhead(sessions: PodSessions, signal: AbortSignal): Promise<void> {
    if (this.#opening >= MOST_OPENING) return;
    this.#opening += 1;
    await sessions.aheadOfStart(signal);
    this.#opening -= 1;
  }

  #sessions({ pod, namespace }: KubernetesPlaceRef, container: string, most = 0): PodSessions {
    const cluster = this.#cluster(namespace);
    const where = { pod, container };
    return new PodSessions({ where, most, open: (signal) => openSession(cluster, where, signal) });
  }

  async #workload(
    ref: KubernetesPlaceRef,
    keeper = this.#sessions(ref, KEEPER_CONTAINER),
  ): Promise<KubernetesWorkload> {
    const { signal } = this.#options;
    const cluster = this.#cluster(ref.namespace);
    const board = this.#board(await ownerOfRun(ref.runFolder), cluster);
    const inKeeper = keeper.exec.bind(keeper);
    return new KubernetesWorkload({
      ref: { ...ref, output: OUTPUT_INSIDE },
      cluster,
      board,
      inKeeper,
      signal,
    });
  }

  #board(owner: string, cluster: Cluster): PodBoard {
    const { signal } = this.#options;
    const key = `${cluster.namespace}/${owner}`;
    const board = this.#boards.get(key) ?? new PodBoard({ cluster, selector: ownedBy(owner), signal });
    this.#boards.set(key, board);
    return board;
  }

  async #queueOf({ task }: PlaceRequest): Promise<{ id: string; name: string | undefined } | undefined> {
    const id = task?.queue;
    return id === undefined ? undefined : { id, name: await this.#options.queueName(id) };
  }
}

/** Commands of a set-up that come right after each other. */
const SPARE = 2;
/** Most pods whose containers are asked before the API shows that they run. */
const MOST_OPENING = 4;

interface OpenPlace {
  sessions: PodSessions;
  ref: KubernetesPlaceRef;
  place: ContainerPlace;
  workspace: string;
  restart: Restart | undefined;
}
