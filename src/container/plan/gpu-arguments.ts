import { selectedDevices } from '../../gpu/visibility.js';

export interface GpuFacts {
  /** What the agent may use, slices written `0.1`; `undefined`: no limit was set. */
  visible: string | undefined;
  /** `CLEARML_DOCKER_SKIP_GPUS_FLAG`: the engine hands out GPUs by the variable alone. */
  skipFlag: boolean;
  podman: boolean;
  /** Names in the AMD device folder, on a machine with AMD GPUs and no NVIDIA ones. */
  amdNodes: readonly string[] | undefined;
}

export interface GpuArguments {
  words: string[];
  /** `NVIDIA_VISIBLE_DEVICES` for the inside of the container. */
  inside: string;
}

/** Arguments that give a container the GPUs of its agent. */
export function gpuArguments(facts: GpuFacts): GpuArguments {
  const { visible, skipFlag } = facts;
  if (visible === '') return { words: [], inside: 'all' };
  const selection = selectedDevices(visible);
  if (selection.kind === 'none') return { words: [], inside: 'none' };
  if (skipFlag) return { words: [], inside: visible ?? 'all' };
  const list = selection.kind === 'all' ? undefined : (visible ?? '').replaceAll('.', ':');
  // The container only sees its own devices, so all of them are meant inside.
  return {
    words: facts.amdNodes ? amdWords(facts.amdNodes, list) : nvidiaWords(list, facts.podman),
    inside: 'all',
  };
}

function nvidiaWords(list: string | undefined, podman: boolean): string[] {
  if (list === undefined) return ['--gpus', 'all'];
  // Docker reads the value as a line of comma-separated fields, so a list needs quotes of its own.
  return ['--gpus', podman ? list : `"device=${list}"`];
}

/** AMD GPU N is the render node 128 + N. */
const FIRST_RENDER_NODE = 128;

function amdWords(nodes: readonly string[], list: string | undefined): string[] {
  if (list === undefined) {
    const all = nodes.filter((name) => name.startsWith('renderD')).sort();
    return ['--device=/dev/kfd', ...all.map((name) => `--device=/dev/dri/${name}`), '--group-add', 'video'];
  }
  const chosen = list.split(',').map((entry) => entry.trim());
  const devices = chosen.filter((entry) => /^\d+$/.test(entry));
  return [
    '--device=/dev/kfd',
    ...devices.map((index) => `--device=/dev/dri/renderD${FIRST_RENDER_NODE + Number(index)}`),
    ...variableWords(`HIP_VISIBLE_DEVICES=${list}`),
    ...variableWords(`ROCR_VISIBLE_DEVICES=${list}`),
    '--group-add',
    'video',
  ];
}

function variableWords(pair: string): string[] {
  return ['-e', pair];
}
