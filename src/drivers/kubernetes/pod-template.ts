/** Lists that Kubernetes merges by a key; all others are replaced. */
const LIST_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  volumes: 'name',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
  env: 'name',
  ports: 'containerPort',
  imagePullSecrets: 'name',
  hostAliases: 'ip',
  topologySpreadConstraints: 'topologyKey',
  resourceClaims: 'name',
};

type Fields = Readonly<Record<string, unknown>>;

/**
 * The strategic merge of Kubernetes: objects field by field, the lists above by their keys, everything else from
 * `over`. `null` removes a field.
 */
export function mergeTemplates(under: Fields, over: Fields): Record<string, unknown> {
  const merged: Record<string, unknown> = { ...under };
  for (const [name, value] of Object.entries(over)) {
    if (value === null) delete merged[name];
    else if (value !== undefined) merged[name] = mergedValue(name, under[name], value);
  }
  return merged;
}

function mergedValue(name: string, under: unknown, over: unknown): unknown {
  if (isFields(over)) return mergeTemplates(isFields(under) ? under : {}, over);
  const key = LIST_KEYS[name];
  if (key === undefined || !Array.isArray(over) || !Array.isArray(under)) return over;
  return mergedList(under, over, key);
}

function mergedList(under: readonly unknown[], over: readonly unknown[], key: string): unknown[] {
  const keyOf = (entry: unknown) => (isFields(entry) ? entry[key] : undefined);
  const rest = over.filter((entry) => !under.some((one) => keyOf(one) === keyOf(entry)));
  const merged = under.map((one) => {
    const other = over.find((entry) => keyOf(entry) === keyOf(one));
    return isFields(one) && isFields(other) ? mergeTemplates(one, other) : one;
  });
  return [...merged, ...rest];
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const CONTAINERS = ['containers', 'initContainers'] as const;
const OF_POD = [...CONTAINERS, 'volumes', 'tolerations', 'imagePullSecrets'] as const;
const OF_CONTAINER = ['env', 'envFrom', 'volumeMounts', 'ports'] as const;

/** The first field of a pod's spec that is to be a list of objects and is none, as a path. */
export function wrongList(spec: Fields): string | undefined {
  const inPod = firstWrong(spec, OF_POD, 'spec');
  if (inPod !== undefined) return inPod;
  for (const list of CONTAINERS)
    for (const [at, container] of asList(spec[list]).entries()) {
      const inContainer = firstWrong(container, OF_CONTAINER, `spec.${list}[${at}]`);
      if (inContainer !== undefined) return inContainer;
    }
  return undefined;
}

function firstWrong(fields: Fields, names: readonly string[], where: string): string | undefined {
  const wrong = names.find((name) => {
    const value = fields[name] ?? [];
    return !Array.isArray(value) || !value.every(isFields);
  });
  return wrong && `${where}.${wrong}`;
}

function asList(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : [];
}
