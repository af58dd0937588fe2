import type { Shape } from './answer-shape.js';

const TEXTS = { list: 'text' } as const satisfies Shape;
const ID = { fields: { id: 'text' }, needs: ['id'] } as const satisfies Shape;
const UPDATED = { fields: { updated: 'number', queued: 'number' } } as const satisfies Shape;
const NAMED = { fields: { id: 'text', name: 'text' }, needs: ['id'] } as const satisfies Shape;

/** `script` and `container` have checks of their own, which say that the task is wrong (`task/check-record.ts`). */
const TASK = {
  fields: {
    id: 'text',
    name: 'text',
    status: 'text',
    status_message: 'text',
    status_reason: 'text',
    type: 'text',
    user: 'text',
    company: 'text',
    project: 'text',
    tags: TEXTS,
    system_tags: TEXTS,
    last_worker: 'text',
    started: 'text',
    last_iteration: 'number',
    runtime: 'object',
    parent: 'text',
    execution: {
      fields: {
        queue: 'text',
        docker_cmd: 'text',
        artifacts: { list: { fields: { key: 'text', uri: 'text' } } },
      },
    },
  },
} as const satisfies Shape;

const QUEUE = {
  fields: {
    id: 'text',
    name: 'text',
    tags: TEXTS,
    system_tags: TEXTS,
    entries: { list: { fields: { task: 'text', added: 'text' }, needs: ['task'] } },
  },
  needs: ['id'],
} as const satisfies Shape;

const WORKER = {
  fields: {
    id: 'text',
    ip: 'text',
    task: NAMED,
    queues: { list: NAMED },
    tags: TEXTS,
    register_time: 'text',
    last_activity_time: 'text',
  },
  needs: ['id'],
} as const satisfies Shape;

const PROPERTY = {
  fields: { key: 'text', value: 'text', expiry: 'number' },
  needs: ['key', 'value'],
} as const satisfies Shape;

const PARAMETER = {
  fields: { section: 'text', name: 'text', value: 'text' },
  needs: ['section', 'name', 'value'],
} as const satisfies Shape;

/** The fields that the agent reads of the answers to its calls. Calls of which it reads nothing are not listed. */
export const ANSWER_SHAPES: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  ['auth.login', { fields: { token: 'text' } }],
  ['events.add_batch', { fields: { added: 'number', errors: 'number' } }],
  [
    'events.get_task_log',
    {
      fields: {
        events: {
          list: {
            fields: {
              worker: 'text',
              level: 'text',
              lvl: 'text',
              msg: 'text',
              timestamp: 'number',
              ts: 'number',
            },
          },
        },
      },
    },
  ],
  ['projects.create', ID],
  ['projects.get_all', { fields: { projects: { list: NAMED } } }],
  ['projects.get_by_id', { fields: { project: NAMED }, needs: ['project'] }],
  ['queues.create', ID],
  ['queues.get_all', { fields: { queues: { list: QUEUE } } }],
  ['queues.get_by_id', { fields: { queue: QUEUE }, needs: ['queue'] }],
  ['queues.get_default', { fields: { id: 'text', name: 'text' }, needs: ['id', 'name'] }],
  [
    'queues.get_next_task',
    {
      fields: {
        entry: { fields: { task: 'text' }, needs: ['task'] },
        task_info: { fields: { user: 'text', company: 'text' } },
      },
    },
  ],
  ['tasks.clone', ID],
  ['tasks.completed', UPDATED],
  ['tasks.create', ID],
  ['tasks.dequeue', UPDATED],
  ['tasks.edit', UPDATED],
  ['tasks.enqueue', UPDATED],
  ['tasks.failed', UPDATED],
  ['tasks.get_all', { fields: { tasks: { list: TASK } } }],
  ['tasks.get_by_id', { fields: { task: { ...TASK, needs: ['id'] } } }],
  [
    'tasks.get_hyper_params',
    {
      fields: {
        params: { list: { fields: { task: 'text', hyperparams: { list: PARAMETER } }, needs: ['task'] } },
      },
    },
  ],
  ['tasks.set_requirements', UPDATED],
  ['tasks.started', UPDATED],
  ['tasks.stop', UPDATED],
  ['tasks.stopped', UPDATED],
  [
    'users.get_current_user',
    {
      fields: { user: { fields: { id: 'text', name: 'text', role: 'text', company: NAMED }, needs: ['id'] } },
      needs: ['user'],
    },
  ],
  [
    'users.get_vaults',
    {
      fields: {
        vaults: { list: { fields: { id: 'text', data: 'text', scope: 'text', description: 'text' } } },
      },
    },
  ],
  ['workers.get_all', { fields: { workers: { list: WORKER } } }],
  ['workers.get_runtime_properties', { fields: { runtime_properties: { list: PROPERTY } } }],
]);
