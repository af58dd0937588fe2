import type { Option } from './option.js';

/** Programs of the operator that run at events of the agent; `docs/hooks.md`. */
export const HOOK_OPTIONS = [
  {
    key: 'agent.hooks.agent_start',
    type: 'texts',
    fallback: [],
    help: 'Program to run before the daemon pulls its first task: a path, or a list of its words.',
    example: '"/etc/clearml/hooks/agent-start"',
    consumedBy: 'task',
  },
  {
    key: 'agent.hooks.agent_stop',
    type: 'texts',
    fallback: [],
    help: 'Program to run when the daemon ends.',
    example: '["/etc/clearml/hooks/tell", "stopped"]',
    consumedBy: 'task',
  },
  {
    key: 'agent.hooks.before_task',
    type: 'texts',
    fallback: [],
    help: 'Program to run before a task is prepared; if it fails, the task goes back to its queue.',
    example: '"/etc/clearml/hooks/before-task"',
    consumedBy: 'task',
  },
  {
    key: 'agent.hooks.after_task',
    type: 'texts',
    fallback: [],
    help: 'Program to run after a task has ended, before its final status is set.',
    example: '"/etc/clearml/hooks/after-task"',
    consumedBy: 'task',
  },
  {
    key: 'agent.hooks.on_abort',
    type: 'texts',
    fallback: [],
    help: 'Program to run when a task is stopped from outside.',
    example: '"/etc/clearml/hooks/on-abort"',
    consumedBy: 'task',
  },
  {
    key: 'agent.hooks.on_gpu_failure',
    type: 'texts',
    fallback: [],
    help: 'Program to run when a GPU fails.',
    example: '"/etc/clearml/hooks/on-gpu-failure"',
    consumedBy: 'task',
  },
  {
    key: 'agent.hooks.timeout_sec',
    type: 'number',
    fallback: 60,
    minimum: 0.1,
    help: 'Seconds that a hook may run before it is killed.',
    consumedBy: 'task',
  },
] as const satisfies readonly Option[];
