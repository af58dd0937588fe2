import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { buildRequest } from '../../src/container/arguments/build-request.js';
import { optionsOf, parseArguments } from '../../src/container/arguments/parse-arguments.js';
import type { PlannedContainer } from '../../src/container/plan/plan-container.js';
import type { Place, PlaceRequest, Workload } from '../../src/drivers/driver.js';
import { Cluster } from '../../src/drivers/kubernetes/cluster.js';
import { clusterAccess } from '../../src/drivers/kubernetes/cluster-access.js';
import { KubernetesDriver } from '../../src/drivers/kubernetes/kubernetes-driver.js';
import type { KubernetesSettings } from '../../src/drivers/kubernetes/kubernetes-settings.js';
import { ownedBy, ownerId } from '../../src/drivers/kubernetes/pod-identity.js';
import type { KubernetesRig } from './kubernetes-access.js';
import { temporaryFolder } from './temporary-folder.js';

/** Pods of the rig have no network but that of the node. */
export const RIG_TEMPLATE = { spec: { hostNetwork: true } };

export interface KubernetesRunOptions {
  settings?: Partial<KubernetesSettings>;
  /** As of `docker run`. */
  arguments?: readonly string[];
  image?: string;
  kubeconfig?: string;
  namespace?: string;
}

export interface KubernetesBench {
  driver: KubernetesDriver;
  request: PlaceRequest;
  folder: string;
  cluster: Cluster;
  /** What the driver told the task's log while the place was opened. */
  lines: string[];
  /** Another driver for the same pods, as a later daemon has it. */
  later(): KubernetesDriver;
  /** Ends the driver's watch, as the end of its daemon does. */
  leaves(): void;
  /** Aborts the task. */
  abort(): void;
  /** Names of what the driver has made and not removed: pods and secrets. */
  left(): Promise<string[]>;
}

/** A driver and a request for a place that is not open yet; its pod ends with the test. */
export function kubernetesBench(
  t: ExecutionContext,
  rig: KubernetesRig,
  options: KubernetesRunOptions = {},
): KubernetesBench {
  const folder = temporaryFolder(t);
  const leave = new AbortController();
  const abort = new AbortController();
  const end = new AbortController();
  const env = {
    ...process.env,
    ...rig.env,
    ...(options.kubeconfig ? { KUBECONFIG: options.kubeconfig } : {}),
  };
  const access = clusterAccess({ env, home: folder, context: undefined });
  const cluster = new Cluster(access, options.namespace ?? rig.namespace);
  const container = planned(options.image ?? rig.image, options.arguments ?? []);
  const make = (signal: AbortSignal) =>
    new KubernetesDriver({
      cluster,
      settings: {
        context: undefined,
        namespace: undefined,
        template: RIG_TEMPLATE,
        overrides: {},
        shared: undefined,
        queues: new Map(),
        scheduleMs: 60_000,
        imageMs: 60_000,
        startMs: 60_000,
        graceSeconds: 30,
        ...options.settings,
      },
      environment: { PATH: process.env.PATH },
      plan: async () => ({ container }),
      queueName: async () => undefined,
      signal,
    });
  const runFolder = path.join(folder, 'worker', 'runs', 'task.1');
  const lines: string[] = [];
  t.teardown(async () => {
    leave.abort();
    const last = make(end.signal);
    const ref = await last.search({ taskId: 'task', runFolder, workspace: '' });
    if (ref !== undefined) await last.dispose(ref);
    end.abort();
  });
  return {
    driver: make(leave.signal),
    request: {
      taskId: 'task',
      runFolder,
      workspace: path.join(folder, 'work'),
      reporter: { line: (text) => lines.push(text), output: () => undefined },
      signal: abort.signal,
    },
    folder,
    cluster,
    lines,
    later: () => make(end.signal),
    leaves: () => leave.abort(),
    abort: () => abort.abort(),
    left: () => leftOf(rig, runFolder, cluster.namespace),
  };
}

/** Names of the pods and secrets that the driver of a run has made and not removed. */
export async function leftOf(
  { api, namespace: own }: KubernetesRig,
  runFolder: string,
  namespace = own,
): Promise<string[]> {
  const labelSelector = ownedBy(await ownerId(path.dirname(path.dirname(runFolder))));
  const lists = await Promise.all([
    api.listNamespacedPod({ namespace, labelSelector }),
    api.listNamespacedSecret({ namespace, labelSelector }),
  ]);
  return lists.flatMap(({ items }) => items.map(({ metadata }) => metadata?.name ?? ''));
}

export interface KubernetesRun extends KubernetesBench {
  place: Place;
  pod: string;
  /** Launches a shell script with parameters. */
  sh(script: string, ...parameters: string[]): Promise<Workload>;
}

/** An open place on the cluster. */
export async function kubernetesRun(
  t: ExecutionContext,
  rig: KubernetesRig,
  options: KubernetesRunOptions = {},
): Promise<KubernetesRun> {
  const bench = kubernetesBench(t, rig, options);
  const place = await bench.driver.open(bench.request);
  return {
    ...bench,
    place,
    pod: String(place.ref.pod),
    sh: (script, ...parameters) =>
      bench.driver.launch(place, { argv: ['sh', '-c', script, 'sh', ...parameters] }),
  };
}

/** What `docker run` with these arguments asks for. */
export function planned(image: string, words: readonly string[]): PlannedContainer {
  const options = optionsOf(parseArguments([...words]), 'test');
  const sources = {
    env: {},
    folder: '/',
    engineSocket: '',
    readText: () => '',
    realPath: (file: string) => file,
  };
  const { request, pull } = buildRequest(options, sources);
  return {
    request: { ...request, Image: image },
    options,
    pull,
    scripts: [],
    notes: [],
    runLine: '',
    writeBack: undefined,
    runtime: {},
    secrets: [],
    folders: [],
    own: [],
  };
}
