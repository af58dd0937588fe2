import fc from 'fast-check';
import { isoDate } from '../../src/server/dates.js';

/** Few values, so that filters hit; odd ones, so that SQLite and JavaScript could differ. */
const WORDS = [
  '',
  'alpha',
  'Alpha beta',
  'ALPHA-7',
  'ſum',
  'K2',
  'é',
  '\u{1f600}x',
  '\uffee',
  'a\0b',
  'nul\0',
  '"q"',
  "it's",
];
const word = fc.constantFrom(...WORDS);
const date = fc.constantFrom(...[0, 1, 5, 60].map((minute) => isoDate(1.7e12 + minute * 60_000)));
const tags = fc.uniqueArray(
  fc.constantFrom('red', 'blue', 'green', '-red', 'a b', '\u{1f600}', '', 'x'.repeat(300)),
  {
    maxLength: 3,
  },
);
const parameter = fc.record(
  {
    section: fc.constant('Args'),
    name: fc.constant('n'),
    value: fc.constantFrom('', '0.1', '5', 'true', 'a\0'),
  },
  { requiredKeys: [] },
);
const section = fc.dictionary(fc.constantFrom('lr', 'opt.lr', 'lr.value', 'value', 'name', 'b'), parameter, {
  maxKeys: 4,
});
/** A task document without an id. */
export const task = fc.record(
  {
    name: word,
    type: fc.constantFrom('training', 'testing'),
    status: fc.constantFrom('created', 'queued', 'failed'),
    user: fc.constantFrom('u1', 'u2'),
    project: fc.constantFrom('p1', 'p2', ''),
    parent: fc.constantFrom('t1', 't2'),
    comment: word,
    report: word,
    tags,
    system_tags: fc.uniqueArray(fc.constantFrom('hidden', 'archived', 'development'), { maxLength: 2 }),
    created: date,
    started: date,
    last_update: date,
    last_iteration: fc.integer({ min: -2, max: 3 }),
    active_duration: fc.integer({ min: 0, max: 3 }),
    execution: fc.record({ queue: fc.constantFrom('q1', 'q2', '') }, { requiredKeys: [] }),
    models: fc.record({
      input: fc.array(fc.record({ model: fc.constantFrom('m1', 'm2') }), { maxLength: 2 }),
    }),
    hyperparams: fc.dictionary(fc.constantFrom('Args', 'Args.opt', 'General'), section, { maxKeys: 2 }),
    runtime: fc.dictionary(fc.constantFrom('a', 'b.c'), fc.constantFrom('1', '2'), { maxKeys: 2 }),
    last_metrics: fc.constant({ a: { b: { value: 1 } } }),
  },
  { requiredKeys: ['type', 'status', 'tags', 'system_tags'] },
);

const listOf = (...values: (string | null)[]) =>
  fc.array(fc.constantFrom(...values, '__$all', '__$any', '__$not', '__$and', '__$nop'), {
    minLength: 1,
    maxLength: 4,
  });
const side = (...values: (string | null)[]) =>
  fc.record(
    {
      include: fc.array(fc.constantFrom(...values), { maxLength: 2 }),
      exclude: fc.array(fc.constantFrom(...values), { maxLength: 2 }),
    },
    { requiredKeys: [] },
  );
const fieldFilter = (...values: (string | null)[]) =>
  fc.record(
    { any: side(...values), all: side(...values), op: fc.constantFrom('and', 'or') },
    { requiredKeys: [] },
  );
const pattern = fc.constantFrom(
  'alpha',
  '(?i)ALPHA',
  'lpha-\\d',
  '^a',
  'sum',
  'k2',
  'x$',
  'a|b',
  'alpha b?e',
  'it.s',
  '[a-z]{2}',
  '(?=al)alpha?',
);
const range = fc.constantFrom([0, null], [null, 1], [-1, 2]);
const dates = fc.constantFrom<(string | null)[] | string>(
  `>=${isoDate(1.7e12 + 60_000)}`,
  [`>${isoDate(1.7e12)}`, '<2023-11-14T22:18:20'],
  [isoDate(1.7e12), null],
  [null, isoDate(1.7e12 + 300_000)],
  '2023-11-14T22:13:20',
);
/** A query of a list of tasks. */
export const query = fc.record(
  {
    name: pattern,
    tags: listOf('red', 'blue', '-red', '--red', '-blue', 'a b', '\u{1f600}', '', 'x'.repeat(300), null),
    system_tags: listOf('hidden', '-archived', null),
    type: listOf('training', '-training'),
    status: fc.oneof(listOf('created', 'failed', 'none'), fc.constant('queued')),
    user: listOf('u1', '-u2', null),
    project: listOf('p1', null, ''),
    parent: listOf('t1', null),
    id: listOf('-t1', '-t2'),
    'execution.queue': listOf('q1', null),
    'models.input.model': listOf('m1', null, '-m2'),
    'hyperparams.Args.lr': listOf('0.1', '5', null),
    'hyperparams.Args.lr.value': listOf('0.1', '-5', null),
    'hyperparams.Args.opt.lr': listOf('0.1', 'true'),
    'hyperparams.Args.opt.lr.value': listOf('5', 'a\0'),
    'hyperparams.Args.lr.name': listOf('n', null),
    'hyperparams.Args': listOf('5', null),
    'runtime.a': listOf('1', null),
    filters: fc.record(
      {
        tags: fieldFilter('red', 'blue', null),
        status: fieldFilter('queued', 'failed'),
        'hyperparams.Args.lr': fieldFilter('0.1', null),
      },
      { requiredKeys: [] },
    ),
    last_update: dates,
    created: range.map((sides) =>
      sides.map((each) => (each === null ? null : isoDate(1.7e12 + each * 60_000))),
    ),
    last_iteration: range,
    active_duration: range,
    'last_metrics.a.b.value': range,
    search_text: fc.constantFrom(
      'alpha',
      'BETA t',
      'ſum',
      '\u{1f600}x',
      'é',
      'blue',
      "it's",
      'a\0b',
      'nothing',
    ),
    _any_: fc.record({
      fields: fc.subarray(['name', 'comment', 'tags', 'id', 'runtime.a', 'project']),
      pattern,
    }),
    _all_: fc.record({ fields: fc.subarray(['name', 'comment', 'last_update']), pattern }),
    _or_: fc.record({ fields: fc.constant(['last_update', 'last_change']), datetime: dates }),
    order_by: fc.array(
      fc.constantFrom(
        'name',
        '-name',
        'created',
        '-created',
        '-last_iteration',
        'started',
        '-started',
        'type',
        '-user',
        'parent',
        'id',
        '-id',
        'tags',
        '-last_metrics.a.b.value',
        'comment',
      ),
      { maxLength: 2 },
    ),
  },
  { requiredKeys: [] },
);
