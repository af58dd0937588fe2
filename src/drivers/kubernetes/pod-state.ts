import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { exitOf } from '../container/exit-code.js';
import type { WorkloadExit } from '../driver.js';

/** The container of the task's command. */
export const TASK_CONTAINER = 'task';
/** The second one, which keeps the pod until its output is read. */
export const KEEPER_CONTAINER = 'clearml-agent';

/** How far a pod is on the way to its first process. */
export type PodStart =
  | { kind: 'running' }
  | { kind: 'waiting'; for: Obstacle; text: string }
  | { kind: 'ended'; text: string };

/** `never`: waiting does not help. */
export type Obstacle = 'schedule' | 'gate' | 'image' | 'container' | 'nothing' | 'never_image';

const OBSTACLES: Readonly<Record<string, Obstacle>> = {
  ErrImagePull: 'image',
  ImagePullBackOff: 'image',
  ImageInspectError: 'image',
  RegistryUnavailable: 'image',
  SignatureValidationFailed: 'image',
  InvalidImageName: 'never_image',
  ErrImageNeverPull: 'never_image',
  CreateContainerConfigError: 'container',
  CreateContainerError: 'container',
  RunContainerError: 'container',
  CrashLoopBackOff: 'container',
};

export function podStart(pod: V1Pod): PodStart {
  const { status = {}, metadata } = pod;
  const statuses = [
    ...(status.initContainerStatuses ?? []).filter(({ state }) => state?.terminated?.exitCode !== 0),
    ...(status.containerStatuses ?? []),
  ];
  const ended = statuses.find(({ state }) => state?.terminated !== undefined);
  if (ended !== undefined) return { kind: 'ended', text: terminatedText(ended) };
  if (status.phase === 'Failed' || status.phase === 'Succeeded')
    return { kind: 'ended', text: sentence(status.reason ?? status.phase, status.message) };
  if (metadata?.deletionTimestamp !== undefined) return { kind: 'ended', text: 'it was deleted' };
  const own = (status.containerStatuses ?? []).filter(({ name }) =>
    [TASK_CONTAINER, KEEPER_CONTAINER].includes(name),
  );
  if (own.length === 2 && own.every(({ state }) => state?.running !== undefined)) return { kind: 'running' };
  for (const { state } of statuses) {
    const { reason = '', message } = state?.waiting ?? {};
    const obstacle = OBSTACLES[reason];
    if (obstacle !== undefined) return { kind: 'waiting', for: obstacle, text: sentence(reason, message) };
  }
  const scheduled = status.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False')
    return {
      kind: 'waiting',
      // A queueing controller such as Kueue takes its gate away when it is the pod's turn.
      for: scheduled.reason === 'SchedulingGated' ? 'gate' : 'schedule',
      text: sentence(scheduled.reason ?? 'Unschedulable', scheduled.message),
    };
  const waiting = statuses.map(({ state }) => state?.waiting?.reason).find(Boolean);
  return { kind: 'waiting', for: 'nothing', text: waiting ?? 'Pending' };
}

function terminatedText({ name, state }: V1ContainerStatus): string {
  const { reason = 'terminated', message, exitCode } = state?.terminated ?? {};
  return `container ${name} ended: ${sentence(`${reason}, exit code ${exitCode}`, message)}`;
}

function sentence(reason: string, message: string | undefined): string {
  return message ? `${reason} (${message.trim().split('\n', 1)[0]})` : reason;
}

/** Why the cluster ends a pod, by the reason of its condition `DisruptionTarget`. */
const DISRUPTIONS: Readonly<Record<string, (pod: string) => string>> = {
  PreemptionByScheduler: (pod) => `${pod} was preempted by a pod of higher priority`,
  EvictionByEvictionAPI: (pod) => `${pod} was evicted through the eviction API, as by a drain of its node`,
  DeletionByTaintManager: (pod) => `${pod} was evicted by a taint of its node`,
};

/**
 * How the command of a pod ended; `undefined` while it runs.
 *
 * @param pod also its last state where the object is gone
 */
export function exitOfPod(pod: V1Pod): WorkloadExit | undefined {
  const { status = {}, metadata, spec } = pod;
  const where = spec?.nodeName ? ` on node ${spec.nodeName}` : '';
  const named = `pod ${metadata?.name}`;
  const state = status.containerStatuses?.find(({ name }) => name === TASK_CONTAINER)?.state;
  const { terminated } = state ?? {};
  if (terminated?.exitCode === 0 && terminated.reason !== 'ContainerStatusUnknown')
    return { kind: 'exited', code: 0 };
  const isOver = terminated !== undefined || status.phase === 'Failed' || status.phase === 'Succeeded';
  if (!isOver) return undefined;
  const outside = endedFromOutside(pod, named, where);
  if (outside !== undefined) return outside;
  if (terminated === undefined || terminated.reason === 'ContainerStatusUnknown')
    return {
      kind: 'lost',
      reason: `${named}${where} is ${sentence(status.reason ?? status.phase ?? 'Unknown', status.message)} and left no exit status`,
    };
  if (terminated.reason === 'StartError')
    return { kind: 'lost', reason: `${named}${where} could not start: ${terminated.message ?? ''}` };
  const { exitCode, reason } = terminated;
  return exitOf({ exitCode, oomKilled: reason === 'OOMKilled' });
}

/** Condition that Kueue sets before it deletes a pod. */
const STOPPED = 'TerminationTarget';

function endedFromOutside(pod: V1Pod, named: string, where: string): WorkloadExit | undefined {
  const { status = {}, metadata, spec } = pod;
  if (status.reason === 'DeadlineExceeded')
    return { kind: 'ended', by: 'time_limit', reason: `${named} reached its activeDeadlineSeconds${where}` };
  const target = status.conditions?.find(
    ({ type, status: is }) => type === 'DisruptionTarget' && is === 'True',
  );
  const stopped = status.conditions?.find(({ type, status: is }) => type === STOPPED && is === 'True');
  if (stopped !== undefined)
    return {
      kind: 'ended',
      by: 'preempted',
      reason: `${named} was stopped by its queueing controller${where}: ${sentence(stopped.reason ?? STOPPED, stopped.message)}`,
    };
  const disruption = DISRUPTIONS[target?.reason ?? ''];
  if (disruption !== undefined)
    return { kind: 'ended', by: 'preempted', reason: disruption(`${named}${where}`) };
  if (target?.reason === 'DeletionByPodGC' || status.reason === 'NodeLost')
    return { kind: 'lost', reason: `node ${spec?.nodeName} of ${named} is gone` };
  if (status.reason === 'Evicted' || target?.reason === 'TerminationByKubelet')
    return {
      kind: 'ended',
      by: 'evicted',
      reason: `${named} was evicted${where}: ${(status.message ?? 'the node lacks resources').trim()}`,
    };
  if (metadata?.deletionTimestamp !== undefined)
    return { kind: 'ended', by: 'cancelled', reason: `${named} was deleted outside the agent` };
  return undefined;
}

/** What the kubelet may take beyond a pod's grace before its node is taken for lost, in milliseconds. */
const NODE_MS = 120_000;

/** A pod that is to end and does not: its node gives no sign any more. */
export function lostWithNode(pod: V1Pod, now: number): WorkloadExit | undefined {
  const { metadata, spec } = pod;
  const { deletionTimestamp } = metadata ?? {};
  if (deletionTimestamp === undefined || exitOfPod(pod) !== undefined) return undefined;
  // The time of deletion has the grace in it.
  if (now - new Date(deletionTimestamp).getTime() < NODE_MS) return undefined;
  return { kind: 'lost', reason: `node ${spec?.nodeName} of pod ${metadata?.name} gives no sign any more` };
}
