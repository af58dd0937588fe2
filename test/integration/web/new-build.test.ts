import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { BUILT_PAGE } from '../../../src/server/web/built-page.js';
import { serverUnderTest } from '../../support/embedded-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { pageUnderTest } from '../../support/web/browser.js';

/** What another build of other sources leaves: the same files by other names. */
function buildAgain(folder: string): void {
  const assets = path.join(folder, 'assets');
  const names = readdirSync(assets);
  const renamed = (text: string) => names.reduce((all, name) => all.replaceAll(name, `again-${name}`), text);
  const texts = (name: string) => /\.(js|css|html)$/.test(name);
  const edited = (file: string) => renamed(readFileSync(file, 'utf8'));
  for (const name of names) {
    const file = path.join(assets, name);
    writeFileSync(path.join(assets, `again-${name}`), texts(name) ? edited(file) : readFileSync(file));
    rmSync(file);
  }
  const index = path.join(folder, 'index.html');
  writeFileSync(index, edited(index));
}

test('a page whose server has another build starts again once, and shows what was chosen', async (t) => {
  const builtPage = path.join(temporaryFolder(t), 'web');
  cpSync(BUILT_PAGE, builtPage, { recursive: true });
  const under = await serverUnderTest(t, { builtPage });
  const { page, open } = await pageUnderTest(t, under);
  await open('/queues');
  await page.getByRole('heading', { name: 'Queues' }).waitFor();
  buildAgain(builtPage);
  let loads = 0;
  page.on('load', () => {
    loads += 1;
  });
  await page.getByRole('link', { name: 'Workers' }).click();
  await page.getByRole('heading', { name: 'Workers' }).waitFor();
  t.is(page.url(), `${under.server.webUrl}/workers`);
  t.is(loads, 1);
  const scripts = await page
    .locator('script[src]')
    .evaluateAll((all) => all.map((one) => one.getAttribute('src')));
  t.true(scripts.length > 0 && scripts.every((name) => name?.includes('again-')), String(scripts));
});
