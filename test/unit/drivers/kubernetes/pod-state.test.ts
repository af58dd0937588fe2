import type { V1ContainerState, V1Pod, V1PodStatus } from '@kubernetes/client-node';
import test from 'ava';
import type { WorkloadExit } from '../../../../src/drivers/driver.js';
import {
  exitOfPod,
  lostWithNode,
  type PodStart,
  podStart,
} from '../../../../src/drivers/kubernetes/pod-state.js';

interface Seen {
  status?: Partial<V1PodStatus>;
  task?: V1ContainerState;
  keeper?: V1ContainerState;
  deleted?: Date;
}

function podWith({ status = {}, task, keeper, deleted }: Seen): V1Pod {
  const state = (name: string, one: V1ContainerState | undefined) =>
    one === undefined
      ? []
      : [{ name, state: one, image: '', imageID: '', ready: false, restartCount: 0, started: true }];
  return {
    metadata: { name: 'p', ...(deleted === undefined ? {} : { deletionTimestamp: deleted }) },
    spec: { nodeName: 'n1', containers: [] },
    status: { containerStatuses: [...state('clearml-agent', keeper), ...state('task', task)], ...status },
  };
}

const ended = (exitCode: number, reason = 'Error') => ({ terminated: { exitCode, reason } });
const waiting = (reason: string, message?: string) => ({
  waiting: { reason, ...(message ? { message } : {}) },
});
const RUNNING = { running: {} };
const disrupted = (reason: string) => [{ type: 'DisruptionTarget', status: 'True', reason }];

const EXITS: Record<string, [Seen, WorkloadExit | undefined]> = {
  'a command that runs': [{ task: RUNNING }, undefined],
  'an exit code': [{ task: ended(3) }, { kind: 'exited', code: 3 }],
  'a signal': [{ task: ended(139) }, { kind: 'signalled', signal: 'SIGSEGV' }],
  'memory beyond the limit': [
    { task: ended(137, 'OOMKilled') },
    { kind: 'signalled', signal: 'SIGKILL', oomKilled: true },
  ],
  'a command that was done when its pod was deleted': [
    { task: ended(0, 'Completed'), deleted: new Date() },
    { kind: 'exited', code: 0 },
  ],
  'a deletion by other means': [
    { task: ended(143), deleted: new Date() },
    { kind: 'ended', by: 'cancelled', reason: 'pod p was deleted outside the agent' },
  ],
  preemption: [
    { task: ended(143), deleted: new Date(), status: { conditions: disrupted('PreemptionByScheduler') } },
    { kind: 'ended', by: 'preempted', reason: 'pod p on node n1 was preempted by a pod of higher priority' },
  ],
  'the drain of a node': [
    { task: ended(143), status: { conditions: disrupted('EvictionByEvictionAPI') } },
    {
      kind: 'ended',
      by: 'preempted',
      reason: 'pod p on node n1 was evicted through the eviction API, as by a drain of its node',
    },
  ],
  'a stop by Kueue': [
    {
      task: ended(143),
      deleted: new Date(),
      status: {
        conditions: [
          {
            type: 'TerminationTarget',
            status: 'True',
            reason: 'WorkloadEvictedDueToPreempted',
            message: 'Preempted to accommodate a workload',
          },
        ],
      },
    },
    {
      kind: 'ended',
      by: 'preempted',
      reason:
        'pod p was stopped by its queueing controller on node n1: WorkloadEvictedDueToPreempted (Preempted to accommodate a workload)',
    },
  ],
  'pressure on a node': [
    { status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' } },
    {
      kind: 'ended',
      by: 'evicted',
      reason: 'pod p was evicted on node n1: The node was low on resource: memory.',
    },
  ],
  'a deadline': [
    { task: ended(143), status: { phase: 'Failed', reason: 'DeadlineExceeded' } },
    { kind: 'ended', by: 'time_limit', reason: 'pod p reached its activeDeadlineSeconds on node n1' },
  ],
  'a node that is gone': [
    { task: RUNNING, status: { phase: 'Failed', conditions: disrupted('DeletionByPodGC') } },
    { kind: 'lost', reason: 'node n1 of pod p is gone' },
  ],
  'an end that left no status': [
    { task: ended(137, 'ContainerStatusUnknown') },
    { kind: 'lost', reason: 'pod p on node n1 is Unknown and left no exit status' },
  ],
};

for (const [title, [seen, exit]] of Object.entries(EXITS)) {
  test(`how a pod ends: ${title}`, (t) => {
    t.deepEqual(exitOfPod(podWith(seen)), exit);
  });
}

test('a pod that is to end and does not is lost with its node after a while', (t) => {
  const now = Date.now();
  const pod = podWith({ task: RUNNING, deleted: new Date(now - 60_000) });
  t.is(lostWithNode(pod, now), undefined);
  t.like(lostWithNode(pod, now + 120_000), { kind: 'lost' });
  t.is(lostWithNode(podWith({ task: RUNNING }), now), undefined);
});

const STARTS: Record<string, [Seen, PodStart]> = {
  'both containers run': [{ task: RUNNING, keeper: RUNNING }, { kind: 'running' }],
  'one of them runs': [
    { task: RUNNING, keeper: waiting('ContainerCreating') },
    { kind: 'waiting', for: 'nothing', text: 'ContainerCreating' },
  ],
  'no node has room': [
    {
      status: {
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1' }],
      },
    },
    { kind: 'waiting', for: 'schedule', text: 'Unschedulable (0/1)' },
  ],
  'a gate holds it': [
    { status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] } },
    { kind: 'waiting', for: 'gate', text: 'SchedulingGated' },
  ],
  'an image is tried again': [
    { task: waiting('ImagePullBackOff', 'Back-off\nmore') },
    { kind: 'waiting', for: 'image', text: 'ImagePullBackOff (Back-off)' },
  ],
  'an image has a wrong name': [
    { task: waiting('InvalidImageName') },
    { kind: 'waiting', for: 'never_image', text: 'InvalidImageName' },
  ],
  'a secret is missing': [
    { task: waiting('CreateContainerConfigError', 'secret "x" not found') },
    { kind: 'waiting', for: 'container', text: 'CreateContainerConfigError (secret "x" not found)' },
  ],
  'a container has ended': [
    { task: ended(127), keeper: RUNNING },
    { kind: 'ended', text: 'container task ended: Error, exit code 127' },
  ],
  'the kubelet rejects it': [
    { status: { phase: 'Failed', reason: 'OutOfcpu', message: 'no room' } },
    { kind: 'ended', text: 'OutOfcpu (no room)' },
  ],
  'it is being deleted': [
    { task: RUNNING, keeper: RUNNING, deleted: new Date() },
    { kind: 'ended', text: 'it was deleted' },
  ],
};

for (const [title, [seen, start]] of Object.entries(STARTS)) {
  test(`the start of a pod: ${title}`, (t) => {
    t.deepEqual(podStart(podWith(seen)), start);
  });
}
