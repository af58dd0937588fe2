import type { useAddress } from '../../api/address.js';
import { call } from '../../api/client.js';
import type { Task } from '../../api/task.js';
import { type ExtraColumn, readColumn } from './extra-columns.js';

export interface ListState {
  project: string | undefined;
  statuses: string[];
  tags: string[];
  user: string | undefined;
  text: string | undefined;
  isArchive: boolean;
  sort: string;
  page: number;
  columns: ExtraColumn[];
}

export const PAGE_SIZE = 50;
const DEFAULT_SORT = '-last_update';

const FIELDS = [
  'id',
  'name',
  'type',
  'status',
  'project.name',
  'user.name',
  'tags',
  'system_tags',
  'last_update',
  'started',
  'completed',
  'last_iteration',
  'execution.queue',
];

/** What the list shows, out of the address. */
export function listState(address: ReturnType<typeof useAddress>): ListState {
  return {
    project: address.get('project'),
    statuses: address.list('status'),
    tags: address.list('tag'),
    user: address.get('user'),
    text: address.get('q'),
    isArchive: address.get('archive') === '1',
    sort: address.get('sort') ?? DEFAULT_SORT,
    page: Math.max(0, Number.parseInt(address.get('page') ?? '1', 10) - 1 || 0),
    columns: address
      .list('columns')
      .map(readColumn)
      .filter((column) => column !== undefined),
  };
}

interface TaskPage {
  tasks: Task[];
  hasMore: boolean;
}

/** One page of the list; the server filters, sorts and cuts. The row after it says whether there are more. */
export async function askTasks(state: ListState, signal: AbortSignal): Promise<TaskPage> {
  const conditions = conditionsOf(state);
  const [{ tasks }, next] = await Promise.all([
    call<{ tasks: Task[] }>(
      'tasks.get_all_ex',
      {
        ...conditions,
        page: state.page,
        page_size: PAGE_SIZE,
        only_fields: [...FIELDS, ...state.columns.map(({ asks }) => asks)],
      },
      { signal },
    ),
    call<{ tasks: Task[] }>(
      'tasks.get_all_ex',
      { ...conditions, page: (state.page + 1) * PAGE_SIZE, page_size: 1, only_fields: ['id'] },
      { signal },
    ),
  ]);
  return { tasks, hasMore: next.tasks.length > 0 };
}

function conditionsOf({ project, statuses, tags, user, text, isArchive, sort }: ListState): object {
  return {
    order_by: [sort],
    system_tags: [isArchive ? 'archived' : '-archived'],
    ...(project === undefined ? {} : { project: [project], include_subprojects: true }),
    ...(statuses.length === 0 ? {} : { status: statuses }),
    ...(tags.length === 0 ? {} : { tags }),
    ...(user === undefined ? {} : { user: [user] }),
    ...(text === undefined ? {} : { search_text: text }),
  };
}
