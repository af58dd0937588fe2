import test from 'ava';
import type { JsonObject } from '../../../src/server/json.js';
import { listTest, parseListFilter, passes } from '../../../src/server/query/list-filter.js';
import { compareValues, sortKeys, sortValues } from '../../../src/server/query/order.js';
import { Backtracking } from '../../../src/server/query/patterns/backtracking.js';
import { Patterns } from '../../../src/server/query/patterns/patterns.js';
import { predicateOf } from '../../../src/server/query/predicate.js';
import { project } from '../../../src/server/query/projection.js';
import { Scrolls } from '../../../src/server/query/scrolls.js';
import { SEARCHABLE } from '../../../src/server/query/searchable.js';

const TASK: JsonObject = {
  id: 'a1',
  name: 'train-net (v2) + more',
  status: 'queued',
  tags: ['blue', 'small'],
  last_update: '2026-03-01T10:00:00.000000+00:00',
  last_iteration: 12,
  execution: { queue: 'q1' },
  models: { input: [{ name: 'in', model: 'm1' }] },
  hyperparams: { Args: { 'opt.rate': { section: 'Args', name: 'opt.rate', value: '0.1' } } },
};

const MATCHES: [string, JsonObject, boolean][] = [
  ['a name as Python escapes it', { name: '^train\\-net\\ \\(v2\\)\\ \\+\\ more$' }, true],
  ['a pattern found anywhere', { name: 'net' }, true],
  ['case counts', { name: 'NET' }, false],
  ['unless the pattern ignores it', { name: '(?i)NET' }, true],
  ['one of several values', { status: ['created', 'queued'] }, true],
  ['a single text', { status: 'created' }, false],
  ['an exclusion', { tags: ['-red'] }, true],
  ['an exclusion that hits', { tags: ['-blue'] }, false],
  ['an inclusion with an exclusion', { tags: ['blue', '-small'] }, false],
  ['all of them', { tags: ['__$all', 'blue', 'small'] }, true],
  ['not all of them', { tags: ['__$and', 'blue', 'red'] }, false],
  ['a negated value', { tags: ['__$not', 'blue'] }, false],
  ['any of them', { tags: ['__$any', 'red', 'small'] }, true],
  ['a missing field', { parent: [null] }, true],
  ['null does not match a value', { 'execution.queue': [null] }, false],
  ['a nested field', { 'execution.queue': ['q1'] }, true],
  ['the items of a list', { 'models.input.model': ['m1'] }, true],
  ['a parameter whose name has a dot', { 'hyperparams.Args.opt.rate': ['0.1'] }, true],
  ['a later date', { last_update: '>=2026-03-01T10:00:00' }, true],
  ['two dates together', { last_update: ['>2026-02-01', '<2026-03-01'] }, false],
  ['a range of dates', { last_update: ['2026-02-01', '2026-04-01'] }, true],
  ['an open range', { last_iteration: [10, null] }, true],
  ['a range beyond', { last_iteration: [null, 11] }, false],
  ['a pattern over several fields', { _any_: { fields: ['comment', 'name'], pattern: 'NET' } }, true],
  ['all fields must match', { _all_: { fields: ['comment', 'name'], pattern: 'net' } }, false],
  ['a filter with all', { filters: { tags: { all: { include: ['blue'], exclude: ['red'] } } } }, true],
  ['a filter with any', { filters: { tags: { any: { include: ['red'] } } } }, false],
  ['words anywhere', { search_text: 'TRAIN blue' }, true],
  ['stray fields mean nothing', { method: 'get', only_fields: ['id'] }, true],
  ['empty filters mean nothing', { status: [], name: null }, true],
];

for (const [what, query, expected] of MATCHES) {
  test(`filter: ${what}`, (t) => {
    t.is(predicateOf(query, SEARCHABLE.tasks, new Patterns(new Backtracking()))(TASK), expected);
  });
}

test('an operator that holds for one value', (t) => {
  const filter = parseListFilter(['__$all', 'a', 'b', '__$not', 'c', '__$nop', 'd']);
  t.deepEqual(filter, { any: ['d'], all: ['a', 'b'], none: ['c'] });
  t.true(passes(['a', 'b', 'd'], listTest(filter)));
  t.false(passes(['a', 'b', 'c', 'd'], listTest(filter)));
});

test('projection: paths, whole sections, exclusions, and no id unless it is asked for', (t) => {
  t.deepEqual(project(TASK, ['execution.queue', 'status']), {
    execution: { queue: 'q1' },
    status: 'queued',
  });
  t.deepEqual(project(TASK, ['execution.missing']), { execution: {} });
  t.deepEqual(project(TASK, ['id', 'hyperparams.Args']), { id: 'a1', hyperparams: TASK.hyperparams });
  const without = project(TASK, ['-execution.queue', '-models']);
  t.deepEqual(without.execution, {});
  t.false('models' in without);
  t.is(without.name, TASK.name);
  t.deepEqual(TASK.execution, { queue: 'q1' }, 'the document itself is left alone');
});

test('order: descending, empty values last, ties by id', (t) => {
  const keys = sortKeys(['-rank']);
  const documents: JsonObject[] = [
    { id: 'c', rank: 1 },
    { id: 'b' },
    { id: 'd', rank: 2 },
    { id: 'a', rank: 1 },
  ];
  const sorted = documents.sort((x, y) => compareValues(sortValues(x, keys), sortValues(y, keys), keys));
  t.deepEqual(
    sorted.map((document) => document.id),
    ['d', 'a', 'c', 'b'],
  );
});

test('scrolls end, and are forgotten when there are too many', (t) => {
  const scrolls = new Scrolls();
  const id = scrolls.open(['1', '2', '3']);
  t.deepEqual([scrolls.take(id, 2), scrolls.take(id, 2), scrolls.take(id, 2)], [['1', '2'], ['3'], []]);
  for (let n = 0; n < 100; n += 1) scrolls.open([]);
  t.false(scrolls.has(id));
});
