import { serverUnderTest } from './embedded-server.js';

/** What tests read of a task of the server. */
export interface Task {
  id: string;
  status: string;
  status_message: string;
  started?: string;
  completed?: string;
  last_worker?: string;
  runtime: Record<string, unknown>;
  script: Record<string, unknown>;
  execution: { queue?: string; artifacts: { key: string; uri: string }[] };
  hyperparams: Record<string, Record<string, { value: string }>>;
  tags: string[];
  last_iteration: number;
}

/** The least that a task has. */
export const DRAFT = { name: 'a task', type: 'training' };

/** A server with one draft; `fields`: of the draft beside its name and type. */
export async function withTask(t: Parameters<typeof serverUnderTest>[0], fields: object = {}) {
  const under = await serverUnderTest(t);
  const { id } = await under.call<{ id: string }>('tasks.create', { ...DRAFT, ...fields });
  const { id: queue } = await under.call<{ id: string }>('queues.get_default');
  const get = async () => (await under.call<{ task: Task }>('tasks.get_by_id', { task: id })).task;
  return { ...under, id, queue, get };
}
