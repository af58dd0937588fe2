import test from 'ava';
import { serverUnderTest } from '../../support/embedded-server.js';
import { until } from '../../support/until.js';
import { pageUnderTest } from '../../support/web/browser.js';

test.serial('undoing tags of many tasks gives each task back those that it had', async (t) => {
  t.timeout(300_000);
  const under = await serverUnderTest(t);
  const { call } = under;
  const before = { 'first one': ['kept', 'old'], 'second one': [] };
  for (const [name, tags] of Object.entries(before))
    await call('tasks.create', { name, type: 'training', tags });
  const tagsNow = async () => {
    const body = { only_fields: ['name', 'tags'], name: 'one$' };
    const { tasks } = await call<{ tasks: { name: string; tags: string[] }[] }>('tasks.get_all', body);
    return JSON.stringify(tasks.map(({ name, tags }) => [name, [...tags].sort()]).sort());
  };
  const shows = (tags: object) =>
    until(async () => (await tagsNow()) === JSON.stringify(Object.entries(tags)), { what: 'the tags' });
  const { page, open, errors } = await pageUnderTest(t, under);
  await open('/tasks');
  for (const name of Object.keys(before)) await page.getByRole('checkbox', { name }).check();
  await page.getByRole('button', { name: 'Tag', exact: true }).click();
  await page.getByLabel('old', { exact: true }).uncheck();
  await page.getByLabel('Add tags').fill('kept, new');
  await page.getByRole('button', { name: 'Apply' }).click();
  await shows({ 'first one': ['kept', 'new'], 'second one': ['kept', 'new'] });
  await page.getByRole('button', { name: 'Undo' }).first().click();
  await shows(before);
  t.deepEqual([...errors], []);
});
