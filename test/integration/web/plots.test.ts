import test from 'ava';
import type { Locator } from 'playwright-core';
import { serverUnderTest } from '../../support/embedded-server.js';
import { pageUnderTest } from '../../support/web/browser.js';

const TABLE = {
  type: 'table',
  header: { values: ['name', 'score'] },
  cells: {
    values: [
      ['a', 'b'],
      [1, 2],
    ],
  },
};
const OWN_COLOURS = { ...TABLE, header: { ...TABLE.header, fill: { color: 'rgb(255, 255, 200)' } } };
const DOCUMENTS = {
  table: { data: [TABLE], layout: {} },
  'own colours': { data: [OWN_COLOURS], layout: {} },
  matrix: {
    data: [
      {
        type: 'heatmap',
        z: [
          [1, 2],
          [3, 4],
        ],
      },
    ],
    layout: { title: { text: 'in <b style="color: red">red</b>' } },
  },
};

/** What the browser makes of a style; this runs in the page. */
function style(one: Locator, name: string): Promise<string | undefined> {
  return one.evaluate(
    (element, key) =>
      (globalThis as unknown as { getComputedStyle(one: unknown): Record<string, string> }).getComputedStyle(
        element,
      )[key],
    name,
  );
}

test('plots keep to the policy of the page, offer no other server, and are seen in the dark', async (t) => {
  const under = await serverUnderTest(t);
  const { id: task } = await under.call<{ id: string }>('tasks.create', { name: 'plots', type: 'training' });
  await under.call(
    'events.add_batch',
    Object.entries(DOCUMENTS).map(([metric, document]) => ({
      type: 'plot',
      task,
      metric,
      variant: 'v',
      iter: 1,
      timestamp: Date.now(),
      plot_str: JSON.stringify(document),
    })),
  );
  const { page, open, errors } = await pageUnderTest(t, under, { colorScheme: 'dark' });
  await open(`/tasks/${task}?tab=plots`);
  const plot = (name: string) => page.getByRole('img', { name: `${name} v` });
  const fills = async (name: string) =>
    Promise.all((await plot(name).locator('.cell-rect').all()).map((cell) => style(cell, 'fill')));
  await plot('table').locator('.cell-rect').first().waitFor();
  t.false((await fills('table')).includes('rgb(255, 255, 255)'));
  await plot('own colours').locator('.cell-rect').first().waitFor();
  t.true((await fills('own colours')).includes('rgb(255, 255, 200)'));
  t.is(
    await style(plot('own colours').locator('.cell-text', { hasText: 'name' }), 'fill'),
    'rgb(27, 31, 39)',
  );
  // Sharp squares; Plotly says so by an attribute.
  const image = plot('matrix').locator('.heatmaplayer image');
  await image.waitFor();
  t.is(await style(image, 'imageRendering'), 'pixelated');
  t.is(await style(plot('matrix').locator('tspan', { hasText: /^red$/ }), 'fill'), 'rgb(255, 0, 0)');
  t.is(await page.getByRole('button', { name: /share|cloud/i }).count(), 0);
  t.true((await page.getByRole('button', { name: 'Download plot' }).count()) > 0);
  t.deepEqual([...errors], []);
});
