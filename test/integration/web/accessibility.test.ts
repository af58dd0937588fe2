import { AxeBuilder } from '@axe-core/playwright';
import test from 'ava';
import { serverUnderTest } from '../../support/embedded-server.js';
import { pageUnderTest } from '../../support/web/browser.js';
import { addSamples } from '../../support/web/sample-data.js';

/** Fifteen pages on a loaded machine. */
const PATIENCE_MS = 10 * 60_000;

for (const colorScheme of ['light', 'dark'] as const)
  test(`axe finds nothing serious on the task pages in ${colorScheme}`, async (t) => {
    t.timeout(PATIENCE_MS);
    const under = await serverUnderTest(t);
    const { server, call } = under;
    const { accessKey, secretKey } = server.credentials;
    const authorization = `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}`;
    const { running, completed, draft } = await addSamples({ call, files: server.filesUrl, authorization });
    const { page, open } = await pageUnderTest(t, under, { colorScheme });
    const tabs = [
      'info',
      'parameters',
      'configuration',
      'artifacts',
      'console',
      'scalars',
      'plots',
      'images',
    ];
    const shown = [
      ['/tasks', 'table'],
      ['/tasks/new', 'form'],
      [`/tasks/new?from=${draft}`, 'form'],
      ...tabs.map((tab) => [`/tasks/${running}?tab=${tab}`, '[role=tabpanel] > *']),
      [`/compare?tasks=${running},${completed}`, 'table'],
      [`/compare?tasks=${running},${completed}&tab=scalars`, '.chart'],
    ] as const;
    for (const [address = '', sign = ''] of shown) {
      await open(address);
      await page.locator(sign).first().waitFor();
      const axe = new AxeBuilder({ page });
      // The themes differ in their colours only.
      if (colorScheme === 'dark') axe.withRules(['color-contrast']);
      const { violations } = await axe.analyze();
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      const found = serious.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`,
      );
      t.deepEqual(found, [], address);
    }
  });
