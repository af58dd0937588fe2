import test from 'ava';
import { problemLine } from '../../../../src/server/apps/format/problems.js';
import { readApp } from '../../../../src/server/apps/format/read-app.js';
import { APP_ASSETS, appText } from '../../../support/app-files.js';

const FILE = 'simple.app.conf';
const TEXT = appText();

function problemsOf(text: string): { errors: string[]; warnings: string[] } {
  const { errors, warnings } = readApp(text, FILE, APP_ASSETS);
  return { errors: errors.map(problemLine), warnings: warnings.map(problemLine) };
}

/** The line of a part of a text. */
function lineOf(text: string, part: string): number {
  return text.slice(0, text.indexOf(part)).split('\n').length;
}

test('a file with every part of the format is read without a problem', (t) => {
  const { app, errors, warnings } = readApp(TEXT, FILE, APP_ASSETS);
  t.deepEqual([errors, warnings], [[], []]);
  t.is(app?.version, '1.0');
  t.is(app?.default_queue, 'custom_apps_queue');
  t.deepEqual(app?.badges, ['demo', 'two words']);
  t.deepEqual(app?.task.hyperparams.General, {
    a_number: '30.0',
    a_string: 'testing 1, 2, 3',
    a_bool: 'False',
    a_project_id: '',
    rows: '[]',
  });
  t.deepEqual(app?.task.configuration, { text_blob: '', settings: '{"depth":3}' });
  t.deepEqual(app?.wizard.at(-1)?.default, [{ key: 'first', rate: 0.5 }]);
  t.deepEqual(app?.wizard[4]?.choices, {
    source: 'project',
    display_field: 'name',
    value_field: 'id',
    filter: { name: '^(?i)(?!example).*$' },
  });
  t.deepEqual(app?.dashboard[0]?.style, { height: 'initial', 'background-color': '#eee' });
  t.deepEqual(app?.dashboard[1]?.contents[0]?.variant, ['plot']);
  t.is(app?.dashboard[1]?.contents[1]?.key, 'iso_time');
});

test('what is left out has a default', (t) => {
  const text = `id: a, name: b, version: 1.0.0, default_queue: q
    task { script { repository: "https://example.com/r.git", entry_point: main.py } }`;
  const { app } = readApp(text, FILE, new Set());
  t.is(app?.featured, 500);
  t.is(app?.resumable, false);
  t.deepEqual([app?.wizard, app?.dashboard, app?.badges], [[], [], []]);
});

/** What is replaced in the file, by what, and the one error; `@` stands for the place of the replacement. */
const BAD: readonly [what: string, from: string, to: string, error: string][] = [
  [
    'a field of an unknown type',
    'title: "A choice", type: checkbox',
    'title: "A choice", type: chekbox',
    'wizard.entries.0.type: expected one of string, integer, float, dropdown, checkbox, multiline_text, group, list, found "chekbox"; "checkbox" may be meant',
  ],
  [
    'an element of an unknown type',
    '{ title: "Log", type: log }',
    '{ title: "Log", type: logs }',
    'dashboard.lines.2.contents.0.type: expected one of scalar-histogram, plot, debug-images, log, scalar, hyperparameter, configuration, html, found "logs"; "log" may be meant',
  ],
  [
    'a target in an unknown part of the task',
    'target { field: hyperparams, section: General, name: size }',
    'target { field: hyperparam, section: General, name: size }',
    'wizard.entries.2.target.field: expected one of hyperparams, configuration, found "hyperparam"; "hyperparams" may be meant',
  ],
  [
    'a target without a section',
    'target { field: hyperparams, section: General, name: size }',
    'target { field: hyperparams, name: size }',
    'wizard.entries.2.target.section: expected a text, found none',
  ],
  [
    'a target without a name',
    'target: { field: configuration, name: text_blob }',
    'target: { field: configuration }',
    'wizard.entries.5.item_template.0.target.name: expected a text, found none',
  ],
  [
    'a target of a field in a list',
    '{ name: rate, type: float }',
    '{ name: rate, type: float, target { field: hyperparams, section: General, name: rate } }',
    'wizard.entries.6.item_template.1.target: expected the target at the list, whose values are stored together; a target of a field in it is never used',
  ],
  [
    'a list whose values are stored as text',
    'name: rows, format: json',
    'name: rows, format: str',
    'wizard.entries.6.target.format: expected json, which lists need, found "str"',
  ],
  [
    'a condition on a later field',
    'conditional: { entries: [ { name: a_bool, value: True } ] }',
    'conditional: { entries: [ { name: size, value: large } ] }',
    'wizard.entries.1.conditional.entries.0.name: expected a field that comes earlier in the form, "size" comes later',
  ],
  [
    'a condition on a field that is not there',
    'conditional: { entries: [ { name: a_bool, value: True } ] }',
    'conditional: { entries: [ { name: a_bol, value: True } ] }',
    'wizard.entries.1.conditional.entries.0.name: expected a field that comes earlier in the form, there is no field "a_bol"; "a_bool" may be meant',
  ],
  [
    'a condition that can never hold',
    'conditional: { entries: [ { name: a_bool, value: True } ] }',
    'conditional: { entries: [ { name: a_bool, value: maybe } ] }',
    'wizard.entries.1.conditional.entries.0.value: expected true or false, as "a_bool" has, found "maybe"',
  ],
  [
    'a default for a value that is no choice',
    'value { small: 1, large: 100 }',
    'value { small: 1, largo: 100 }',
    'wizard.entries.3.default_conditional_on.value.largo: "largo" is no choice of "size"; "large" may be meant',
  ],
  [
    'a conditional default of the wrong type',
    'value { small: 1, large: 100 }',
    'value { small: 1, large: many }',
    'wizard.entries.3.default_conditional_on.value.large: expected a whole number, found "many"',
  ],
  [
    'a default that is no choice',
    'choices: [small, large], default: small',
    'choices: [small, large], default: tiny',
    'wizard.entries.2.default: expected one of small, large, found "tiny"',
  ],
  [
    'an icon that is not among the assets',
    'icon: "${ASSET:icons/app@2x.png}"',
    'icon: "${ASSET:app.png}"',
    'icon: expected the file "assets/app.png" beside the application file, found none',
  ],
  [
    'an icon that is neither address nor asset',
    'icon: "${ASSET:icons/app@2x.png}"',
    'icon: "app.png"',
    'icon: expected an address (https://…) or an asset (${ASSET:file}), found "app.png"',
  ],
  [
    'a reference to what no task has',
    '${hyperparams.General.a_string.value}',
    '${environment.HOME}',
    'dashboard.lines.0.contents.0.text: expected ${hyperparams.SECTION.NAME.value}, ${configuration.NAME.value}, ${ASSET:FILE} or one of id, name, status, status_message, comment, started, completed, last_iteration, found ${environment.HOME}',
  ],
  [
    'a style that loads something',
    'backgroundColor: "#eee"',
    'background: "url(https://example.com/x.png)"',
    'dashboard.lines.0.style.background: expected a plain value of CSS, such as "300px", found "url(https://example.com/x.png)"',
  ],
  [
    'a filter that is no pattern',
    '^(?i)(?!example).*$',
    '^(?!example.*$',
    'wizard.entries.4.choices.filter.fields.name: expected a regular expression, found "^(?!example.*$": Invalid regular expression: /^(?!example.*$/: Unterminated group',
  ],
  [
    'an unknown source of choices',
    'source: project,',
    'source: projects,',
    'wizard.entries.4.choices.source: expected one of project, task, model, queue, dataset_version, found "projects"; "project" may be meant',
  ],
  [
    'a name that two fields have',
    '{ name: size, type: dropdown',
    '{ name: a_bool, type: dropdown',
    'wizard.entries.2.name: expected each name once, "a_bool" is the name of an earlier field, too',
  ],
  [
    'two fields for one place',
    'section: General, name: size }',
    'section: General, name: a_bool }',
    'wizard.entries.2.target: expected a place of its own, "a_bool" is stored at hyperparams/General/a_bool, too',
  ],
  [
    'two queues',
    'default-queue: "custom_apps_queue"',
    'default-queue: "custom_apps_queue", default_queue: other',
    'default-queue: expected the same queue as in default_queue, found "custom_apps_queue"',
  ],
  [
    'a version that is none',
    'version: 1.0',
    'version: newest',
    'version: expected numbers and points, such as 1.0.0, found "newest"',
  ],
  [
    'a flag of the wrong type',
    'resumable: true',
    'resumable: "sometimes"',
    'resumable: expected true or false, found "sometimes"',
  ],
  [
    'a script without an entry point',
    'entry_point: "main.py", ',
    '',
    'task.script.entry_point: expected a text, found none',
  ],
];

for (const [what, from, to, expected] of BAD) {
  test(`${what} is an error with its line and field`, (t) => {
    const text = TEXT.replace(from, () => to);
    t.not(text, TEXT);
    const { errors } = problemsOf(text);
    const mine = errors.filter((line) => line.endsWith(`: ${expected}`));
    t.is(mine.length, 1, errors.join('\n'));
    t.regex(mine[0] ?? '', /^simple\.app\.conf:\d+: /);
  });
}

test('an error names the line of the field itself', (t) => {
  const text = TEXT.replace(
    'choices: [small, large], default: small',
    'choices: [small, large], default: tiny',
  );
  const line = lineOf(text, 'default: tiny');
  t.true(problemsOf(text).errors[0]?.startsWith(`${FILE}:${line}: wizard.entries.2.default: `));
});

test('defaults that depend on each other are an error that names the circle', (t) => {
  const text = `id: a, name: b, version: 1, default_queue: q
task { script { repository: "https://example.com/r.git", entry_point: main.py } }
wizard { entries: [
  { name: one, type: string, default_conditional_on { name: two, value { x: y } } }
  { name: two, type: string, default_conditional_on { name: one, value { x: y } } }
] }`;
  t.true(
    problemsOf(text).errors.includes(
      `${FILE}:4: wizard.entries.0.default_conditional_on.name: expected an end of the defaults that depend on each other, found a circle: one → two → one`,
    ),
  );
});

test('all errors of a file are found at once', (t) => {
  const { errors } = problemsOf(
    'name: b\ndefault_queue: [1]\nwizard { entries: [ { name: x, type: what } ] }',
  );
  t.deepEqual(
    errors.map((line) => line.split(': ')[1]),
    ['task', 'wizard.entries.0.type', 'id', 'version', 'default_queue'],
  );
});

test('fields and properties without effect are warnings', (t) => {
  const text = TEXT.replace('provider:', 'providr:').replace('height: "initial"', 'position: fixed');
  const { errors, warnings } = problemsOf(text);
  t.deepEqual(errors, []);
  t.deepEqual(
    warnings.map((line) => line.replace(/^.*?:\d+: /, '')),
    [
      'providr: this field has no effect; "provider" may be meant',
      'dashboard.lines.0.style.position: this property of CSS has no effect in a line',
    ],
  );
});

test('a syntax error has its line, and an unquoted asset a hint', (t) => {
  t.deepEqual(problemsOf('id: a\nname: }').errors.length, 1);
  t.regex(problemsOf('id: a\nname: }').errors[0] ?? '', /^simple\.app\.conf:2: /);
  t.regex(
    problemsOf('icon: ${ASSET:a.png}').errors[0] ?? '',
    /a reference to an asset is written in quotes$/,
  );
});

test('a file reads no other file and no environment', (t) => {
  t.regex(problemsOf('include "/etc/hostname"').errors[0] ?? '', /found an include$/);
  t.regex(problemsOf('id: ${HOME}').errors[0] ?? '', /no such key/);
});
