import { spawn } from 'node:child_process';
import { existsSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { freePorts } from './free-ports.js';
import type { KubernetesRig } from './kubernetes-access.js';
import { endProcess } from './kubernetes-node.js';
import { BUILD_SCRIPT, KWOK_PROGRAM, PROGRAM_FOLDER } from './kubernetes-tools.js';
import { until } from './until.js';

const FAKE = 'kwok.x-k8s.io/node';
const HAS = { cpu: '32', memory: '256Gi', pods: '110', 'nvidia.com/gpu': '8' };

/** Places pods on nodes of KWOK. */
export const KWOK_TEMPLATE = {
  spec: { nodeSelector: { type: 'kwok' }, tolerations: [{ key: FAKE, operator: 'Exists' }] },
};

/** The second container of a pod runs and the first never does: nothing can be executed in pods of KWOK. */
const POD_STAGES = `
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: pod-creating }
spec:
  resourceRef: { apiGroup: v1, kind: Pod }
  selector:
    matchExpressions:
      - { key: .metadata.deletionTimestamp, operator: DoesNotExist }
      - { key: .status.startTime, operator: DoesNotExist }
  delay: { durationMilliseconds: 500 }
  next:
    statusTemplate: |
      startTime: {{ Now | Quote }}
      phase: Pending
      containerStatuses:
      {{ range .spec.containers }}
      - { name: {{ .name | Quote }}, image: {{ .image | Quote }}, imageID: "", ready: false, restartCount: 0, state: { waiting: { reason: ContainerCreating } } }
      {{ end }}
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: pod-half-running }
spec:
  resourceRef: { apiGroup: v1, kind: Pod }
  selector:
    matchExpressions:
      - { key: .metadata.deletionTimestamp, operator: DoesNotExist }
      - { key: .status.startTime, operator: Exists }
      - { key: .status.podIP, operator: DoesNotExist }
  delay: { durationMilliseconds: 2000 }
  next:
    statusTemplate: |
      {{ $now := Now }}
      podIP: 10.0.0.1
      phase: Running
      containerStatuses:
      {{ range .spec.containers }}
      - name: {{ .name | Quote }}
        image: {{ .image | Quote }}
        imageID: ""
        restartCount: 0
        {{ if eq .name "clearml-agent" }}
        ready: true
        state: { running: { startedAt: {{ $now | Quote }} } }
        {{ else }}
        ready: false
        state: { waiting: { reason: ContainerCreating } }
        {{ end }}
      {{ end }}
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: pod-delete }
spec:
  resourceRef: { apiGroup: v1, kind: Pod }
  selector:
    matchExpressions:
      - { key: .metadata.deletionTimestamp, operator: Exists }
  next: { finalizers: { empty: true }, delete: true }
`;

/**
 * Adds nodes that exist only in the API; their pods half start.
 *
 * @returns what ends KWOK
 */
export async function kwokNodes(rig: KubernetesRig, count: number): Promise<() => Promise<void>> {
  if (!existsSync(KWOK_PROGRAM))
    await execa('sh', [BUILD_SCRIPT, PROGRAM_FOLDER, 'kwok'], { stdio: 'inherit' });
  const stages = path.join(rig.folder, 'stages.yaml');
  writeFileSync(stages, POD_STAGES);
  const [server = 0, port = 0] = await freePorts(2);
  const log = path.join(rig.folder, 'kwok.log');
  const output = openSync(log, 'a');
  const words = [
    `--kubeconfig=${rig.env.KUBECONFIG}`,
    '--manage-all-nodes=false',
    `--manage-nodes-with-annotation-selector=${FAKE}=fake`,
    `--config=${stages}`,
    `--server-address=127.0.0.1:${server}`,
    '--node-ip=127.0.0.1',
    `--node-port=${port}`,
    '--node-lease-duration-seconds=40',
  ];
  const child = spawn(KWOK_PROGRAM, words, { stdio: ['ignore', output, output] });
  for (let number = 1; number <= count; number++)
    await rig.api.createNode({
      body: {
        metadata: {
          name: `fake-${number}`,
          annotations: { [FAKE]: 'fake' },
          labels: { type: 'kwok', 'kubernetes.io/hostname': `fake-${number}` },
        },
        spec: { taints: [{ key: FAKE, value: 'fake', effect: 'NoSchedule' }] },
        status: { allocatable: HAS, capacity: HAS },
      },
    });
  const isReady = async () => {
    const { items } = await rig.api.listNode({ labelSelector: 'type=kwok' });
    return items.every(({ status }) =>
      status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    );
  };
  const context = () => readFileSync(log, 'utf8').slice(-3000);
  await until(isReady, { what: 'the nodes of KWOK', timeoutMs: 120_000, context });
  return () => endProcess(child);
}
