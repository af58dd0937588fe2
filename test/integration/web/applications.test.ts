import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { appsAgent } from '../../support/apps-agent.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { pageUnderTest } from '../../support/web/browser.js';

test.serial(
  'an application is uploaded, launched by its form, watched and stopped on the page',
  async (t) => {
    t.timeout(600_000);
    const agent = await appsAgent(t);
    const { page, open, errors } = await pageUnderTest(t, agent);
    const archive = path.join(temporaryFolder(t), 'disk-usage.zip');
    writeFileSync(archive, await agent.archive('disk-usage'));
    await open('/applications');
    await page.getByText('There are no applications yet.').waitFor();
    await page.getByLabel('Archive of an application').setInputFiles(archive);
    await page.getByRole('link', { name: 'Launch Disk usage' }).click();

    const times = page.getByLabel('How many times *');
    t.is(await times.count(), 0);
    await page.getByLabel('Measure a number of times only').check();
    await times.fill('many');
    await page.getByText('Expected a whole number, found "many".').waitFor();
    await page.getByRole('button', { name: 'Launch' }).click();
    await page.getByText('One field needs attention.').waitFor();
    await page.getByLabel('Measure a number of times only').uncheck();
    t.is(await times.count(), 0);
    await page.getByText('More', { exact: true }).click();
    await page.getByLabel('Seconds between two measurements').fill('0.5');
    await page.getByLabel('Name of the instance').fill('watch the disks');
    await page.getByRole('button', { name: 'Launch' }).click();

    await page.getByRole('heading', { name: 'watch the disks' }).waitFor();
    const html = page.locator('iframe[title="Fullest folder"]');
    await html
      .contentFrame()
      .getByText(/^\/ \d+\.\d %$/)
      .waitFor();
    t.is(await html.getAttribute('sandbox'), '');
    await page.locator('.element-plot .js-plotly-plot').waitFor();
    await page.locator('.element-scalar-histogram canvas').waitFor();
    await page
      .locator('.element-log')
      .getByText(/\/: \d+\.\d % of/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.locator('.page-head').getByText('Aborted').waitFor();
    t.deepEqual([...errors], []);
  },
);

test.serial('an archive with errors is refused with a line for each of them', async (t) => {
  t.timeout(300_000);
  const agent = await appsAgent(t);
  const { page, open } = await pageUnderTest(t, agent);
  await open('/applications');
  await page
    .getByLabel('Archive of an application')
    .setInputFiles({ name: 'a.zip', mimeType: 'application/zip', buffer: Buffer.from('no archive') });
  await page
    .getByRole('dialog')
    .getByText(/the archive: expected a zip archive that can be unpacked/)
    .waitFor();
  t.is(await page.getByRole('dialog').getByRole('listitem').count(), 1);
});
