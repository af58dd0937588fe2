import test from 'ava';
import { bundleOf } from '../../../../src/server/apps/archive/bundle.js';
import { readApp } from '../../../../src/server/apps/format/read-app.js';

const HEAD = `id: a, name: b, version: 1.0.0, default_queue: q
task { script { repository: "https://example.com/r.git", entry_point: main.py } }
`;

function problemsOf(text: string): { errors: string[]; warnings: string[] } {
  const { errors, warnings } = readApp(text, 'x.app.conf', new Set());
  const lineOf = ({ field, message }: { field: string; message: string }) => `${field}: ${message}`;
  return { errors: errors.map(lineOf), warnings: warnings.map(lineOf) };
}

const repeated = (times: number, text: string) => Array(times).fill(text).join(', ');

/** Levels that repeat the one before them: a small file with many values. */
function levels(first: string, level: (before: string) => string): string {
  const later = [1, 2, 3, 4].map((at) => `t${at}: [ ${repeated(300, level(`\${t${at - 1}}`))} ]`);
  return `t0: ${first}\n${later.join('\n')}\n`;
}

/** Files that would keep a server busy for minutes; a test that hangs fails by its limit of time. */
const BOMBS: readonly [what: string, text: () => string, error: RegExp][] = [
  [
    'fields that substitutions repeat',
    () =>
      `${HEAD}${levels('[ { name: x, type: string } ]', (before) => `{ name: g, type: group, item_template: ${before} }`)}wizard { entries: \${t4} }`,
    /^: expected at most 20000 values, with those that substitutions repeat; found more$/,
  ],
  [
    'a configuration that substitutions repeat',
    () => `${HEAD}${levels('[ 1, 2, 3 ]', (before) => before)}task.configuration.x: \${t4}`,
    /^: expected at most 20000 values/,
  ],
  [
    'a text that substitutions repeat',
    () => `${HEAD}t0: "${'x'.repeat(2000)}"\nbadges: [ ${repeated(2000, '${t0}')} ]`,
    /^: expected at most 1000000 letters, with those that substitutions repeat; found more$/,
  ],
  [
    'more fields than a person fills in',
    () => `${HEAD}wizard { entries: [ ${repeated(20_000, '{ name: x, type: string }')} ] }`,
    /^: expected at most 20000 values/,
  ],
  [
    'a version that matches in many ways',
    () => HEAD.replace('1.0.0', `"${'1.'.repeat(100_000)}!"`),
    /^version: expected at most 100 letters, found 200001$/,
  ],
  [
    'a reference without an end',
    () => `${HEAD}dashboard.lines: [ { contents: [ { type: html, text: "${'${'.repeat(400_000)}" } ] } ]`,
    /^dashboard\.lines\.0\.contents\.0\.text: expected at most 100000 letters, found 800000$/,
  ],
];

for (const [what, text, expected] of BOMBS) {
  test(`a file with ${what} is refused at once`, (t) => {
    const { errors } = problemsOf(text());
    t.regex(errors[0] ?? '', expected);
  });
}

test('a text of blanks in a reference to an asset is read at once', (t) => {
  const text = `\${ASSET:${' '.repeat(90_000)}`;
  const { errors } = problemsOf(
    `${HEAD}dashboard.lines: [ { contents: [ { type: html, text: "${text} ${'${'.repeat(4000)}" } ] } ]`,
  );
  t.deepEqual(errors, []);
});

const field = (
  rest: string,
) => `${HEAD}wizard.entries: [ { name: size, type: string, target { field: configuration, name: s } }
  ${rest} ]`;

/** What a person would find out on the form only. */
const BAD: readonly [what: string, text: string, error: string][] = [
  [
    'a group that depends on a field of its own',
    field(`{ name: g, type: group, conditional { entries: [ { name: inner, value: x } ] }
      item_template: [ { name: inner, type: string, target { field: configuration, name: i } } ] }`),
    'wizard.entries.1.conditional.entries.0.name: expected a field that comes earlier in the form, "inner" comes later',
  ],
  [
    'a list with a default by the value of a field',
    field(`{ name: l, type: list, default_conditional_on { name: size, value { a: b } }
      item_template: [ { name: i, type: string } ], target { field: configuration, name: l } }`),
    'wizard.entries.1.default_conditional_on: expected no default by a field in a field of type list; fields with one value have them',
  ],
  [
    'a group with a default by the value of a field',
    field(`{ name: g, type: group, default_conditional_on { name: size, value { a: b } }
      item_template: [ { name: i, type: string, target { field: configuration, name: l } } ] }`),
    'wizard.entries.1.default_conditional_on: expected no default by a field in a field of type group; fields with one value have them',
  ],
  [
    'a title that names no field',
    field(`{ name: l, type: list, collapsible: true, collapsibleTitleTemplate: "Row \${kye}"
      item_template: [ { name: key, type: string } ], target { field: configuration, name: l } }`),
    'wizard.entries.1.collapsibleTitleTemplate: expected a field of the list or one before it, found ${kye}; "key" may be meant',
  ],
  [
    'choices that look the same',
    field('{ name: d, type: dropdown, choices: [1, "1"], target { field: configuration, name: d } }'),
    'wizard.entries.1.choices: expected each choice once, found "1" twice',
  ],
  [
    'a choice that is nothing',
    field('{ name: d, type: dropdown, choices: [null, a], target { field: configuration, name: d } }'),
    'wizard.entries.1.choices.0: expected a text, a number or a boolean, found nothing',
  ],
  [
    'a name that no list can show',
    HEAD.replace('name: b', `name: "${'n'.repeat(201)}"`),
    'name: expected at most 200 letters, found 201',
  ],
  [
    'an asset in a title',
    `${HEAD}dashboard.lines: [ { contents: [ { type: log, title: "\${ASSET:a.png}" } ] } ]`,
    'dashboard.lines.0.contents.0.title: expected no asset in a title, found ${ASSET:a.png}',
  ],
];

for (const [what, text, expected] of BAD) {
  test(`${what} is an error`, (t) => {
    t.deepEqual(problemsOf(text).errors, [expected]);
  });
}

test('a condition on a number or a choice may be written as a text, as the form compares them', (t) => {
  const { errors } = problemsOf(
    field(`{ name: rate, type: float, target { field: configuration, name: r } }
  { name: d, type: dropdown, choices: ["1", "2"], target { field: configuration, name: d } }
  { name: c, type: checkbox, target { field: configuration, name: c } }
  { name: e, type: string, target { field: configuration, name: e }
    conditional { entries: [ { name: rate, value: "1.5" }, { name: d, value: 1 }, { name: c, value: "True" } ] } }`),
  );
  t.deepEqual(errors, []);
});

test('a required group has no meaning, which is a warning', (t) => {
  const { warnings } = problemsOf(
    field(
      '{ name: g, type: group, required: true, item_template: [ { name: i, type: string, target { field: configuration, name: l } } ] }',
    ),
  );
  t.deepEqual(warnings.slice(0, 1), [
    'wizard.entries.1.required: this field has no effect in a group; its fields may be required',
  ]);
});

/** Encodings of editors that are not UTF-8. */
const ENCODINGS: readonly [name: string, content: Buffer][] = [
  ['UTF-16', Buffer.from(`\uFEFF${HEAD}`, 'utf16le')],
  ['UTF-16 without a mark', Buffer.from(HEAD, 'utf16le')],
  ['Latin-1', Buffer.from('provider: "Müller"', 'latin1')],
];

for (const [name, content] of ENCODINGS) {
  test(`an application file in ${name} is refused`, (t) => {
    t.throws(() => bundleOf(new Map([['x.app.conf', content]]), 'x.zip'), {
      message: 'x.zip/x.app.conf: expected a text in UTF-8, found other bytes',
    });
  });
}
