import { AgentError } from '../../errors.js';
import { entryExists } from '../../os/files.js';
import type { DriverChoice, DriverModule } from '../module.js';
import { KUBERNETES, KUBERNETES_REF_VERSION, kubernetesRef, podFolder } from './kubernetes-ref.js';

const group = 'Cluster';

/** Tasks run as pods of a Kubernetes cluster. */
export const kubernetesModule: DriverModule = {
  kind: KUBERNETES,
  refVersion: KUBERNETES_REF_VERSION,
  where: 'in a pod',
  flags: [
    {
      flags: '--kubernetes [words...]',
      help: 'run each task in a pod of Kubernetes; the words are the image and arguments for tasks that name none',
      greedy: true,
      group,
    },
    {
      flags: '--namespace <name>',
      help: 'with --kubernetes: namespace of the pods (default: agent.kubernetes.namespace)',
      group,
      setting: true,
    },
    {
      flags: '--max-pods <count>',
      help: 'with --kubernetes: pods at once, pending ones included (default: agent.kubernetes.max_pods)',
      group,
      setting: true,
    },
  ],
  choose,

  async open(host, choice) {
    const { createKubernetesDriver } = await import('./create-kubernetes-driver.js');
    return createKubernetesDriver({ ...host, flag: choice.words }, choice.settings?.namespace);
  },

  atOnce(config, { settings }) {
    return settings?.maxPods === undefined ? config.agent.kubernetes.maxPods : Number(settings.maxPods);
  },

  leftIn: (runFolder) => entryExists(podFolder(runFolder)),

  check: {
    name: 'kubernetes',
    title: 'Kubernetes',
    async run(config) {
      const { examineKubernetes } = await import('./examine-kubernetes.js');
      return examineKubernetes(config);
    },
  },

  placeId: (ref) => kubernetesRef(ref)?.pod,
};

const SETTINGS = { namespace: '--namespace', maxPods: '--max-pods' } as const;

function choose(options: Readonly<Record<string, unknown>>): DriverChoice | undefined {
  const { kubernetes, namespace, maxPods } = options;
  if (kubernetes === undefined || kubernetes === false) {
    const given = Object.entries(SETTINGS).find(([name]) => options[name] !== undefined);
    if (given === undefined) return undefined;
    throw new AgentError('USAGE', `${given[1]} goes with --kubernetes`, {
      hint: 'Add --kubernetes or leave the flag out.',
    });
  }
  if (namespace !== undefined && !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(String(namespace)))
    throw new AgentError('USAGE', `--namespace takes the name of a namespace, got "${namespace}"`);
  if (maxPods !== undefined && !/^[1-9]\d{0,5}$/.test(String(maxPods)))
    throw new AgentError('USAGE', `--max-pods takes a number of pods from 1 on, got "${maxPods}"`);
  return {
    kind: KUBERNETES,
    words: Array.isArray(kubernetes) ? kubernetes.map(String) : [],
    settings: {
      ...(namespace === undefined ? {} : { namespace: String(namespace) }),
      ...(maxPods === undefined ? {} : { maxPods: String(maxPods) }),
    },
  };
}
