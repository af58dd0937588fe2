import test from 'ava';
import { checkParameters } from '../../../../src/server/apps/form/check-parameters.js';
import { instanceTask } from '../../../../src/server/apps/form/instance-task.js';
import type { AppDefinition } from '../../../../src/server/apps/format/definition.js';
import { readApp } from '../../../../src/server/apps/format/read-app.js';
import type { JsonObject } from '../../../../src/server/json.js';
import { APP_ASSETS, appText } from '../../../support/app-files.js';

const APP = readApp(appText(), 'simple.app.conf', APP_ASSETS).app as AppDefinition;
const GOOD = { project: 'p' };

test('what is not filled in has its default, also one that depends on another field', (t) => {
  t.deepEqual(checkParameters(APP.wizard, GOOD), {
    values: { a_bool: false, size: 'small', count: 1, project: 'p', rows: [{ key: 'first', rate: 0.5 }] },
    problems: {},
  });
  t.is(checkParameters(APP.wizard, { ...GOOD, size: 'large' }).values.count, 100);
  t.is(checkParameters(APP.wizard, { ...GOOD, size: 'large', count: 7 }).values.count, 7);
});

test('a field that is hidden has no value, whatever was filled in', (t) => {
  t.false('a_string' in checkParameters(APP.wizard, { ...GOOD, a_string: 'text' }).values);
  t.is(checkParameters(APP.wizard, { ...GOOD, a_bool: true, a_string: 'text' }).values.a_string, 'text');
});

test('a condition in a list looks at the fields of its item', (t) => {
  const rows = [
    { key: 'other', note: 'shown' },
    { key: 'first', note: 'hidden' },
  ];
  t.deepEqual(checkParameters(APP.wizard, { ...GOOD, rows }).values.rows, [
    { key: 'other', note: 'shown' },
    { key: 'first' },
  ]);
});

/** What is filled in, and the message of one field. */
const BAD: readonly [given: JsonObject, field: string, problem: string][] = [
  [{ project: '' }, 'project', 'the field is required'],
  [{ count: '3' }, 'count', 'expected a whole number, found "3"'],
  [{ count: 1.5 }, 'count', 'expected a whole number, found 1.5'],
  [{ a_bool: 'yes' }, 'a_bool', 'expected true or false, found "yes"'],
  [{ size: 'tiny', count: 1 }, 'size', 'expected one of small, large, found "tiny"'],
  [{ blob: 5 }, 'blob', 'expected a text, found 5'],
  [{ rows: 'x' }, 'rows', 'expected a list, found "x"'],
  [{ rows: ['x'] }, 'rows.0', 'expected an object with the fields of the list, found "x"'],
  [{ rows: [{ key: 'a' }, { rate: 1 }] }, 'rows.1.key', 'the field is required'],
  [{ rows: [{ key: 'a', rate: 'fast' }] }, 'rows.0.rate', 'expected a number, found "fast"'],
  [{ rows: [{ key: 'a', size: 1 }] }, 'rows.0.size', 'the list has no such field'],
  [{ colour: 'red' }, 'colour', 'the form has no such field'],
];

for (const [given, field, problem] of BAD) {
  test(`parameters ${JSON.stringify(given)}: ${problem}`, (t) => {
    t.deepEqual(checkParameters(APP.wizard, { ...GOOD, ...given }).problems, { [field]: problem });
  });
}

test('everything wrong is found at once', (t) => {
  const { problems } = checkParameters(APP.wizard, { count: 'x', size: 3, rows: [{}] });
  t.deepEqual(Object.keys(problems).sort(), ['count', 'project', 'rows.0.key', 'size']);
});

test('the task of an instance has the values at their targets and the rest of the file', (t) => {
  const { values } = checkParameters(APP.wizard, { ...GOOD, a_bool: true, a_string: 'text', blob: 'a\nb' });
  const task = instanceTask(APP, values);
  const { hyperparams } = task as { hyperparams: { General: Record<string, { value: string }> } };
  t.deepEqual(
    Object.fromEntries(Object.entries(hyperparams.General).map(([name, { value }]) => [name, value])),
    {
      a_number: '1',
      a_string: 'text',
      a_bool: 'True',
      a_project_id: 'p',
      size: 'small',
      rows: '[{"key":"first","rate":0.5}]',
    },
  );
  t.deepEqual(task.configuration, {
    text_blob: { name: 'text_blob', value: 'a\nb' },
    settings: { name: 'settings', value: '{"depth":3}' },
  });
  t.deepEqual(task.container, { image: 'python:3.12', arguments: '--cap-drop=ALL' });
  t.like(task.script, { binary: 'python', branch: 'main', entry_point: 'main.py' });
  t.deepEqual(task.application, {
    id: 'simple-app',
    name: 'A simple application',
    version: '1.0',
    resumable: true,
  });
});
