import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { type KubernetesObject, loadAllYaml } from '@kubernetes/client-node';
import type { ExecutionContext } from 'ava';
import { execa } from 'execa';
import { HELM_PROGRAM } from './kubernetes-tools.js';
import { temporaryFolder } from './temporary-folder.js';

const CHART = path.resolve('deploy/helm/clearml-agent');

export interface RenderedChart {
  objects: ChartObject[];
  /** What Helm says of values that are refused. */
  refusal: string;
}

export interface ChartObject extends KubernetesObject {
  [field: string]: unknown;
}

/** What `helm template agent` makes of the chart with these values. */
export async function renderChart(
  t: ExecutionContext,
  values: Record<string, unknown>,
  namespace = 'default',
): Promise<RenderedChart> {
  const file = path.join(temporaryFolder(t), 'values.yaml');
  writeFileSync(file, JSON.stringify(values));
  const words = ['template', 'agent', CHART, '--namespace', namespace, '--kube-version', '1.34', '-f', file];
  const { exitCode, stdout, stderr } = await execa(HELM_PROGRAM, words, { reject: false });
  if (exitCode !== 0) return { objects: [], refusal: stderr };
  const objects = (loadAllYaml(stdout) as (ChartObject | null)[]).filter((one) => one !== null);
  return { objects, refusal: '' };
}

/** Where the API has a kind, and whether it is in a namespace. */
const PATHS: Readonly<Record<string, (namespace: string) => string>> = {
  ServiceAccount: (namespace) => `/api/v1/namespaces/${namespace}/serviceaccounts`,
  Secret: (namespace) => `/api/v1/namespaces/${namespace}/secrets`,
  ConfigMap: (namespace) => `/api/v1/namespaces/${namespace}/configmaps`,
  PersistentVolumeClaim: (namespace) => `/api/v1/namespaces/${namespace}/persistentvolumeclaims`,
  Role: (namespace) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles`,
  RoleBinding: (namespace) => `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`,
  ClusterRoleBinding: () => '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  Deployment: (namespace) => `/apis/apps/v1/namespaces/${namespace}/deployments`,
};

/** Where an object of a chart is made. */
export function apiPathOf({ kind = '', metadata }: ChartObject, namespace = 'default'): string {
  const pathFor = PATHS[kind];
  if (pathFor === undefined) throw new Error(`no path for the kind ${kind}`);
  return pathFor(metadata?.namespace ?? namespace);
}
