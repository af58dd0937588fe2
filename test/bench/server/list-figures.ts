import { percentile } from '../measure.js';
import type { BenchServer } from './bench-server.js';

/** Milliseconds of each query at the 95th percentile, by its title. */
export type ListFigures = Record<string, number>;

type Query = Record<string, unknown>;

const FIELDS = ['id', 'name', 'status', 'type', 'tags', 'last_update', 'project.name', 'user.name'];
const LIST: Query = { page: 0, page_size: 50, order_by: ['-last_update'], only_fields: FIELDS };

/** Queries of a page of tasks, each with other values at each turn. */
const QUERIES: Record<string, (turn: number) => Query> = {
  page: (turn) => ({ page: turn * 3 }),
  'page of 500': () => ({ page_size: 500 }),
  'sorted by name': (turn) => ({ order_by: [turn % 2 === 0 ? 'name' : '-name'] }),
  'sorted by status': () => ({ order_by: ['status'] }),
  'sorted by last_iteration': () => ({ order_by: ['-last_iteration'] }),
  'filter: status': (turn) => ({ status: [['failed', 'queued', 'published'][turn % 3]] }),
  'filter: type': (turn) => ({ type: [turn % 2 === 0 ? 'training' : 'controller'] }),
  'filter: user': (turn) => ({ user: [`user-${turn % 5}`] }),
  'filter: project': (turn) => ({ project: [`project-${turn % 100}`] }),
  'filter: tag': (turn) => ({ tags: [`tag-${turn % 20}`] }),
  'filter: rare tag, not archived': (turn) => ({
    tags: [`sweep-${(turn * 2) % 500}`],
    system_tags: ['-archived'],
  }),
  'filter: hyper-parameter': (turn) => ({ 'hyperparams.Args.seed': [String(turn % 1000)] }),
  'filter: two hyper-parameters': (turn) => ({
    'hyperparams.Args.option_3': [String(turn % 7)],
    'hyperparams.Args.learning.rate.value': ['0.042'],
  }),
  'filter: date': (turn) => ({ last_update: [`>=2023-11-15T0${turn % 10}:00:00`] }),
  'name pattern': (turn) => ({ name: `experiment ${turn * 37} ` }),
  '_any_ pattern': (turn) => ({
    _any_: { fields: ['name', 'id', 'tags', 'comment'], pattern: `t ${turn * 91}.*(vit|bert)` },
  }),
  '_any_ pattern, common': () => ({ _any_: { fields: ['name', 'id', 'comment'], pattern: 'RESNET' } }),
  '_any_ pattern, nothing': () => ({ _any_: { fields: ['name', 'id', 'comment'], pattern: 'nothing here' } }),
  '_any_ pattern of classes': () => ({ _any_: { fields: ['name'], pattern: '[0-9][13579] [g-v]' } }),
  search_text: (turn) => ({ search_text: `experiment ${turn * 53} tag` }),
};

export async function measureLists(server: BenchServer, turns: number): Promise<ListFigures> {
  const figures: ListFigures = {};
  for (const [title, query] of Object.entries(QUERIES)) {
    const times: number[] = [];
    await server.call('tasks.get_all_ex', { ...LIST, ...query(0) });
    for (let turn = 0; turn < turns; turn += 1) {
      const start = performance.now();
      await server.call('tasks.get_all_ex', { ...LIST, ...query(turn) });
      times.push(performance.now() - start);
    }
    figures[title] = percentile(times, 0.95);
  }
  return figures;
}
