import { call } from '../../api/client.js';
import { isArchived, type Task } from '../../api/task.js';
import { confirmed } from '../../components/dialog.js';
import { attempt, toast, toastError } from '../../components/toast.js';

export type Acted = Pick<Task, 'id' | 'name' | 'status' | 'system_tags' | 'execution'>;

interface Many {
  succeeded: { id: string }[];
  failed: { id: string; error: { msg: string } }[];
}

/** What a button does to one task or to many. */
export interface TaskAction {
  key: string;
  title: string;
  /** What was done: "Archived 3 tasks". */
  past: string;
  isDangerous?: boolean;
  applies: (task: Acted) => boolean;
  /** The call for many tasks, with the fields beside `ids`. */
  endpoint: string;
  body?: object;
  /** Takes it back. */
  undo?: (tasks: readonly Acted[]) => Promise<unknown>;
  /** The question before what cannot be taken back. */
  question?: (what: string) => string;
}

const ids = (tasks: readonly Acted[]) => tasks.map(({ id }) => id);
const isOneOf =
  (...statuses: string[]) =>
  ({ status }: Acted) =>
    statuses.includes(status);

function queueOf({ execution }: Acted): string | undefined {
  const queue = execution?.queue;
  return typeof queue === 'object' ? queue.id : queue;
}

/** All but enqueueing and tagging, which ask for more. */
export const ACTIONS: readonly TaskAction[] = [
  {
    key: 'dequeue',
    title: 'Dequeue',
    past: 'Dequeued',
    applies: isOneOf('queued'),
    endpoint: 'tasks.dequeue_many',
    undo: (tasks) =>
      Promise.all(tasks.map((task) => call('tasks.enqueue', { task: task.id, queue: queueOf(task) }))),
  },
  {
    key: 'abort',
    title: 'Abort',
    past: 'Aborted',
    isDangerous: true,
    applies: isOneOf('in_progress'),
    endpoint: 'tasks.stop_many',
    question: (what) => `The agent stops ${what}. What was reported so far stays.`,
  },
  {
    key: 'reset',
    title: 'Reset',
    past: 'Reset',
    isDangerous: true,
    applies: isOneOf('queued', 'stopped', 'failed', 'completed', 'closed'),
    endpoint: 'tasks.reset_many',
    question: (what) =>
      `Makes ${what} a draft again. Console, scalars, plots, output models and artifacts go.`,
  },
  {
    key: 'publish',
    title: 'Publish',
    past: 'Published',
    isDangerous: true,
    applies: isOneOf('stopped', 'completed', 'closed', 'failed'),
    endpoint: 'tasks.publish_many',
    question: (what) => `Nothing can be changed in ${what} afterwards.`,
  },
  {
    key: 'archive',
    title: 'Archive',
    past: 'Archived',
    applies: (task) => !isArchived(task),
    endpoint: 'tasks.archive_many',
    undo: (tasks) => call('tasks.unarchive_many', { ids: ids(tasks) }),
  },
  {
    key: 'unarchive',
    title: 'Restore',
    past: 'Restored',
    applies: isArchived,
    endpoint: 'tasks.unarchive_many',
    undo: (tasks) => call('tasks.archive_many', { ids: ids(tasks) }),
  },
  {
    key: 'delete',
    title: 'Delete',
    past: 'Deleted',
    isDangerous: true,
    applies: (task) => task.status !== 'published' && (isArchived(task) || task.status === 'created'),
    endpoint: 'tasks.delete_many',
    body: { delete_external_artifacts: true },
    question: (what) =>
      `Removes ${what} with console, scalars, plots and output models. This cannot be undone.`,
  },
];

/** "task ResNet" or "3 tasks". */
export function whatOf(tasks: readonly Acted[]): string {
  const [only] = tasks;
  return tasks.length === 1 && only !== undefined ? `task “${only.name}”` : `${tasks.length} tasks`;
}

/** Does an action to those tasks to which it applies, and says so. @returns whether something was done */
export async function perform(action: TaskAction, chosen: readonly Acted[]): Promise<boolean> {
  const tasks = chosen.filter(action.applies);
  if (tasks.length === 0) return false;
  const { question, title, isDangerous = false } = action;
  if (question !== undefined) {
    const text = question(whatOf(tasks));
    if (!(await confirmed({ title: `${title} ${whatOf(tasks)}?`, text, action: title, isDangerous })))
      return false;
  }
  return many(tasks, action.past, action.endpoint, action.body, action.undo);
}

export async function enqueue(
  tasks: readonly Acted[],
  queue: { id: string; name: string },
): Promise<boolean> {
  const undo = (done: readonly Acted[]) => call('tasks.dequeue_many', { ids: ids(done) });
  const past = `Enqueued into “${queue.name}”:`;
  return many(tasks, past, 'tasks.enqueue_many', { queue: queue.id }, undo);
}

export function canEnqueue({ status }: Acted): boolean {
  return ['created', 'stopped', 'failed', 'completed', 'closed'].includes(status);
}

type Tagged = Acted & Pick<Task, 'tags'>;

export async function editTags(
  tasks: readonly Tagged[],
  add: readonly string[],
  remove: readonly string[],
): Promise<boolean> {
  const change = async (some: readonly Acted[], adds: readonly string[], removes: readonly string[]) => {
    if (adds.length + removes.length === 0) return;
    await call('tasks.update_tags', {
      ids: ids(some),
      ...(adds.length > 0 ? { add_tags: adds } : {}),
      ...(removes.length > 0 ? { remove_tags: removes } : {}),
    });
  };
  // A task that had an added tag before keeps it, and one that lacked a removed tag does not get it.
  const restore = (task: Tagged) => {
    const had = (tag: string) => task.tags?.includes(tag) === true;
    return change(
      [task],
      remove.filter(had),
      add.filter((tag) => !had(tag)),
    );
  };
  return attempt(
    () => change(tasks, add, remove),
    `Changed the tags of ${whatOf(tasks)}`,
    () => Promise.all(tasks.map(restore)),
  );
}

async function many(
  tasks: readonly Acted[],
  past: string,
  endpoint: string,
  body: object = {},
  undo?: TaskAction['undo'],
): Promise<boolean> {
  try {
    const { succeeded, failed } = await call<Many>(endpoint, { ids: ids(tasks), ...body });
    const done = tasks.filter(({ id }) => succeeded.some((one) => one.id === id));
    if (done.length > 0) toast(`${past} ${whatOf(done)}`, undo === undefined ? undefined : () => undo(done));
    for (const { id, error } of failed.slice(0, 3))
      toastError(`${tasks.find((task) => task.id === id)?.name ?? id}: ${error.msg}`);
    return done.length > 0;
  } catch (error) {
    toastError(error);
    return false;
  }
}
