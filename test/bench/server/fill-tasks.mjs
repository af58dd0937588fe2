import path from 'node:path';

/** Writes tasks into the database of a checkout's server: `node fill-tasks.mjs CHECKOUT FOLDER COUNT`. */
const [checkout = '', folder = '', count = '0'] = process.argv.slice(2);
const load = (file) => import(path.join(checkout, 'dist/server', file));
const { Database } = await load('storage/database.js');
const { Documents } = await load('storage/documents.js');

const TYPES = ['training', 'testing', 'inference', 'data_processing', 'controller'];
const STATUSES = ['created', 'queued', 'in_progress', 'stopped', 'failed', 'completed', 'published'];
const BATCH = 1000;
const database = await Database.open(path.join(folder, 'server.db'));
const tasks = new Documents(database, 'tasks');
for (let first = 0; first < Number(count); first += BATCH)
  database.transaction(() => {
    for (let n = first; n < Math.min(first + BATCH, Number(count)); n += 1) tasks.put(taskOf(n));
  });
database.close();

/** A task as the SDK leaves it: packages, twenty parameters, a few metrics. */
function taskOf(n) {
  // Spreads values evenly and in no order of the numbers.
  const mixed = Math.imul(n + 1, 2_654_435_761) >>> 0;
  const id = `${mixed.toString(16).padStart(8, '0')}${String(n).padStart(24, '0')}`;
  const at = (seconds) => new Date(1.7e12 + (n + seconds) * 1000).toISOString().replace('Z', '000+00:00');
  const parameter = (name, value) => [name, { section: 'Args', name, value: String(value), type: 'str' }];
  const parameters = Array.from({ length: 18 }, (_, index) =>
    parameter(`option_${index}`, (mixed >>> index) % 7),
  );
  return {
    id,
    name: `experiment ${n} ${['resnet', 'vit', 'bert', 'gpt'][mixed % 4]}`,
    type: TYPES[mixed % TYPES.length],
    user: `user-${mixed % 5}`,
    company: 'company',
    status: STATUSES[mixed % STATUSES.length],
    created: at(0),
    started: at(5),
    last_update: at(mixed % 100_000),
    last_change: at(mixed % 100_000),
    status_changed: at(60),
    last_iteration: mixed % 10_000,
    active_duration: mixed % 5000,
    project: `project-${mixed % 100}`,
    comment: mixed % 3 === 0 ? `note ${mixed % 1000}` : '',
    tags: [`tag-${mixed % 20}`, ...(mixed % 2 === 0 ? [`sweep-${mixed % 500}`] : [])].sort(),
    system_tags: mixed % 50 === 0 ? ['archived'] : [],
    script: {
      binary: 'python',
      repository: 'https://example.com/team/repository.git',
      branch: 'main',
      entry_point: 'train.py',
      requirements: { pip: 'numpy == 1.26.4\ntorch == 2.4.0\n'.repeat(20) },
    },
    execution: {
      parameters: {},
      model_desc: {},
      model_labels: {},
      artifacts: [],
      queue: `queue-${mixed % 8}`,
    },
    output: {},
    models: { input: [], output: [] },
    hyperparams: {
      Args: Object.fromEntries([
        ...parameters,
        parameter('seed', mixed % 1000),
        parameter('learning.rate', (mixed % 100) / 1000),
      ]),
    },
    configuration: {},
    runtime: {},
    container: {},
    last_metrics: {},
  };
}
