import { CONNECTION_VARIABLES } from './connection.js';
import { CONTAINER_VARIABLES } from './containers.js';
import { EXECUTION_VARIABLES } from './execution.js';
import { IMAGE_VARIABLES } from './image.js';
import { KUBERNETES_VARIABLES } from './kubernetes.js';
import { TRACING_VARIABLES } from './tracing.js';
import type { Variable } from './variable.js';
import { WORKER_VARIABLES } from './worker.js';

export interface VariableSection {
  title: string;
  variables: readonly Variable[];
}

const SECTIONS = [
  { title: 'Configuration and server', variables: CONNECTION_VARIABLES },
  { title: 'The agent on its machine', variables: WORKER_VARIABLES },
  { title: 'Running a task', variables: EXECUTION_VARIABLES },
  { title: 'Containers', variables: CONTAINER_VARIABLES },
  { title: 'The image of the agent', variables: IMAGE_VARIABLES },
  { title: 'Traces', variables: TRACING_VARIABLES },
  { title: 'Kubernetes', variables: KUBERNETES_VARIABLES },
] as const satisfies readonly VariableSection[];

/** The rows as they are written, for types that are derived from them. */
export type VariableRow = (typeof SECTIONS)[number]['variables'][number];

export const VARIABLE_SECTIONS: readonly VariableSection[] = SECTIONS;

/** Every variable that the agent knows and that is no configuration key. */
export const VARIABLES: readonly Variable[] = VARIABLE_SECTIONS.flatMap((section) => section.variables);
