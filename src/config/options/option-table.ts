import type { ConfigTree, ConfigValue } from '../config.js';
import { setAt, splitKey } from '../tree.js';
import { API_OPTIONS } from './api.js';
import { BOOTSTRAP_OPTIONS } from './bootstrap.js';
import { CONTAINER_MOUNT_OPTIONS } from './container-mounts.js';
import { CONTAINER_POLICY_OPTIONS } from './container-policy.js';
import { CONTAINER_OPTIONS } from './containers.js';
import { GIT_OPTIONS } from './git.js';
import { GPU_SHARING_OPTIONS } from './gpu-sharing.js';
import { GPU_OPTIONS } from './gpus.js';
import { HOOK_OPTIONS } from './hooks.js';

import { IDENTITY_OPTIONS } from './identity.js';
import { KUBERNETES_OPTIONS } from './kubernetes.js';
import { MASKING_OPTIONS } from './masking.js';
import { METERING_OPTIONS } from './metering.js';
import type { ConfigConstant, Option } from './option.js';
import { PACKAGE_TOOL_OPTIONS } from './package-tools.js';
import { PACKAGE_OPTIONS } from './packages.js';
import { PYTHON_OPTIONS } from './python.js';
import { RESOURCE_OPTIONS } from './resources.js';
import { SDK_OPTIONS } from './sdk.js';
import { SLURM_OPTIONS } from './slurm.js';

/** A chapter of the example file and of the documents. */
export interface OptionSection {
  title: string;
  options: readonly Option[];
}

const SECTIONS = [
  { title: 'Server', options: API_OPTIONS },
  { title: 'The agent itself', options: IDENTITY_OPTIONS },
  { title: 'Hooks', options: HOOK_OPTIONS },
  { title: 'GPUs', options: GPU_OPTIONS },
  { title: 'GPUs shared by tasks', options: GPU_SHARING_OPTIONS },
  { title: 'Resources of tasks', options: RESOURCE_OPTIONS },
  { title: 'Repositories', options: GIT_OPTIONS },
  { title: 'Python environments', options: PYTHON_OPTIONS },
  { title: 'Packages', options: PACKAGE_OPTIONS },
  { title: 'Poetry, uv, conda', options: PACKAGE_TOOL_OPTIONS },
  { title: 'Containers', options: CONTAINER_OPTIONS },
  { title: 'Paths inside containers', options: CONTAINER_MOUNT_OPTIONS },
  { title: 'What containers may be', options: CONTAINER_POLICY_OPTIONS },
  { title: 'Slurm jobs', options: SLURM_OPTIONS },
  { title: 'Kubernetes pods', options: KUBERNETES_OPTIONS },
  { title: 'What is hidden', options: MASKING_OPTIONS },
  { title: 'Bootstrap of containers', options: BOOTSTRAP_OPTIONS },
  { title: 'Usage metering', options: METERING_OPTIONS },
  { title: 'SDK of the task', options: SDK_OPTIONS },
] as const satisfies readonly OptionSection[];

/** The rows as they are written, for types that are derived from them. */
export type OptionRow = (typeof SECTIONS)[number]['options'][number];

export const OPTION_SECTIONS: readonly OptionSection[] = SECTIONS;

/** Every key that the agent knows. */
export const OPTIONS: readonly Option[] = OPTION_SECTIONS.flatMap((section) => section.options);

const BY_KEY: ReadonlyMap<string, Option> = new Map(
  OPTIONS.flatMap((option) => [option.key, ...(option.formerly ?? [])].map((key) => [key, option] as const)),
);

/** The row of a key, also by an older name of it. */
export function findOption(key: string): Option | undefined {
  return BY_KEY.get(key);
}

/** The tree that the agent starts from. */
export function shippedTree(): ConfigTree {
  const tree: ConfigTree = {};
  for (const option of OPTIONS) {
    if (option.shipped !== undefined) setAt(tree, splitKey(option.key), ownValue(option.shipped));
  }
  return tree;
}

/** A copy of a default that its owner may change. */
export function ownValue(constant: ConfigConstant): ConfigValue {
  return structuredClone(constant) as ConfigValue;
}
