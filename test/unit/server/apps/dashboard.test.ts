import test from 'ava';
import { filledDashboard } from '../../../../src/server/apps/dashboard.js';
import type { AppDefinition } from '../../../../src/server/apps/format/definition.js';
import { framePage } from '../../../../src/server/apps/frame-page.js';
import type { TaskDocument } from '../../../../src/server/tasks/task-document.js';

const TASK = {
  id: 'abc',
  name: 'a <task>',
  status: 'in_progress',
  hyperparams: {
    General: {
      text: { value: `"><script>alert('1')</script>&` },
      'a.b': { value: 'dotted' },
      nested: { value: '${hyperparams.General.text.value}' },
      asset: { value: '${ASSET:secret.png}' },
    },
  },
  configuration: { about: { value: '<b>' } },
} as unknown as TaskDocument;

/** An element with this HTML and a title, as it is shown. */
function filled(text: string): { title?: string; text?: string } {
  const element = { type: 'html', title: '${name}', text } as AppDefinition['dashboard'][0]['contents'][0];
  const app = { dashboard: [{ style: {}, contents: [element] }] } as unknown as AppDefinition;
  return filledDashboard(app, TASK)[0]?.contents[0] ?? {};
}

/** The HTML of the file, and what a frame gets. */
const CASES: readonly [html: string, shown: string][] = [
  ['<p>${name}</p>', '<p>a &lt;task&gt;</p>'],
  [
    '<a title="${hyperparams.General.text.value}">',
    '<a title="&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;">',
  ],
  ['${hyperparams.General.a.b.value}', 'dotted'],
  ['${hyperparams.General.missing.value}!', '!'],
  ['${hyperparams.__proto__.constructor.value}', ''],
  ['${configuration.about.value}', '&lt;b&gt;'],
  ['${hyperparams.General.nested.value}', '&#36;{hyperparams.General.text.value}'],
  ['${hyperparams.General.asset.value}', '&#36;{ASSET:secret.png}'],
  ['<img src="${ASSET:a.png}">', '<img src="${ASSET:a.png}">'],
];

for (const [html, shown] of CASES) {
  test(`HTML ${html} shows escaped values`, (t) => {
    t.is(filled(html).text, shown);
  });
}

test('a title is a text, so its values are not escaped', (t) => {
  t.is(filled('x').title, 'a <task>');
});

test('a frame has the images of the application in it and nothing for values that look like one', (t) => {
  const page = framePage('<img src="${ASSET:a.png}">&#36;{ASSET:b.png}', 'dark', (name) => `data:${name}`);
  t.true(page.includes('<body><img src="data:a.png">&#36;{ASSET:b.png}</body>'));
  t.true(page.includes('color-scheme: dark'));
});
