import test from 'ava';
import { configuredServer } from '../../support/configured-server.js';
import { serverUnderTest } from '../../support/embedded-server.js';
import { pageUnderTest, startBrowser } from '../../support/web/browser.js';

test('a session that ends leads to the log-in, and the log-in back to the page', async (t) => {
  const under = await serverUnderTest(t);
  await under.call('tasks.create', { name: 'seen again', type: 'training' });
  const { page, open } = await pageUnderTest(t, under);
  await open('/tasks?q=seen');
  await page.getByRole('link', { name: 'seen again' }).waitFor();
  await page.context().clearCookies();
  await page.getByLabel('Access key').waitFor();
  t.is(new URL(page.url()).searchParams.get('next'), '/tasks?q=seen');
  await page.getByLabel('Access key').fill(under.server.credentials.accessKey);
  await page.getByLabel('Secret key').fill('wrong');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('alert').waitFor();
  await page.getByLabel('Secret key').fill(under.server.credentials.secretKey);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('link', { name: 'seen again' }).waitFor();
  t.is(page.url(), `${under.server.webUrl}/tasks?q=seen`);
});

test('a server that is gone is said to be gone, a form keeps its text, and its return ends the message', async (t) => {
  const under = await serverUnderTest(t);
  const { page, open } = await pageUnderTest(t, under);
  await open('/tasks/new');
  await page.getByLabel('Name', { exact: true }).fill('kept text');
  await page.getByLabel('Repository').fill('https://git.example.com/a.git');
  await page.getByLabel('Entry point').fill('a.py');
  await page.route('**/api/**', (route) => route.abort('connectionrefused'));
  await page.getByRole('button', { name: 'Save as draft' }).click();
  await page.getByText('The server does not answer. This page asks again').waitFor();
  t.is(await page.getByLabel('Name', { exact: true }).inputValue(), 'kept text');
  await page.unroute('**/api/**');
  await page.getByText('The server does not answer. This page asks again').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Save as draft' }).click();
  await page.getByRole('heading', { name: 'kept text' }).waitFor();
  t.pass();
});

test('the first load takes at most 300 kB', async (t) => {
  const under = await serverUnderTest(t);
  const { page, browser } = await pageUnderTest(t, under);
  const context = await browser.newContext({ storageState: await page.context().storageState() });
  const fresh = await context.newPage();
  const sizes: Promise<number>[] = [];
  fresh.on('requestfinished', (request) => {
    if (!request.url().includes('/api/'))
      sizes.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
  });
  await fresh.goto(`${under.server.webUrl}/tasks/new`, { timeout: 60_000 });
  await fresh.getByRole('heading', { name: 'New task' }).waitFor({ timeout: 60_000 });
  const total = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  t.log(`${Math.round(total / 1000)} kB in ${sizes.length} files`);
  t.true(total > 10_000 && total <= 300_000, String(total));
});

test('many tasks are filtered and archived, and the undo restores them', async (t) => {
  const under = await serverUnderTest(t);
  for (const name of ['first of many', 'second of many', 'another'])
    await under.call('tasks.create', { name, type: 'training' });
  const { page, open, errors } = await pageUnderTest(t, under);
  await open('/tasks');
  await page.getByLabel('Find by name, id, tag or comment').fill('of many');
  await page.getByRole('link', { name: 'another' }).waitFor({ state: 'detached' });
  t.is(new URL(page.url()).searchParams.get('q'), 'of many');
  await page.getByLabel('Select all rows of this page').check();
  await page.getByRole('region', { name: 'Selected tasks' }).getByRole('button', { name: 'Archive' }).click();
  await page.getByText('No task matches.').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByRole('link', { name: 'first of many' }).waitFor();
  t.is(await page.getByRole('row').count(), 3);
  t.deepEqual(errors, []);
});

test('parameters that are being edited survive another tab and the end of a session', async (t) => {
  const under = await serverUnderTest(t);
  const { id } = await under.call<{ id: string }>('tasks.create', {
    name: 'edited draft',
    type: 'training',
    hyperparams: { Args: { lr: { section: 'Args', name: 'lr', value: '0.1' } } },
  });
  const { page, open } = await pageUnderTest(t, under);
  await open(`/tasks/${id}?tab=parameters`);
  await page.getByRole('button', { name: 'Edit parameters' }).click();
  await page.getByLabel('Value of lr').fill('0.5');
  await page.getByRole('tab', { name: 'Info' }).click();
  await page.getByRole('tab', { name: 'Parameters' }).click();
  t.is(await page.getByLabel('Value of lr').inputValue(), '0.5');
  await page.context().clearCookies();
  // The page asks for what changed by itself, and so learns that the session is over.
  await page.getByLabel('Access key').fill(under.server.credentials.accessKey);
  await page.getByLabel('Secret key').fill(under.server.credentials.secretKey);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByLabel('Value of lr').waitFor();
  t.is(await page.getByLabel('Value of lr').inputValue(), '0.5');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Edit parameters' }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Edit parameters' }).waitFor();
  t.is(await page.locator('.parameter-value').textContent(), '0.5');
});

test('the link that the SDK prints at its start leads to the console of the task', async (t) => {
  const under = await serverUnderTest(t);
  const { id } = await under.call<{ id: string }>('tasks.create', { name: 'linked task', type: 'training' });
  const { page, open } = await pageUnderTest(t, under);
  await open(`/projects/5cdb1814a12148be/tasks/${id}/output/log`);
  await page.getByRole('heading', { name: 'linked task' }).waitFor();
  t.is(page.url(), `${under.server.webUrl}/tasks/${id}?tab=console`);
});

test('a page that was not visited yet is shown once a server that is gone returns', async (t) => {
  const under = await serverUnderTest(t);
  const { page, open } = await pageUnderTest(t, under);
  await open('/queues');
  await page.getByRole('heading', { name: 'Queues' }).waitFor();
  await page.route('**/*', (route) => route.abort('connectionrefused'));
  await page.getByRole('link', { name: 'Workers' }).click();
  await page.getByText('The server does not answer. This page asks again').waitFor();
  t.true(await page.getByRole('link', { name: 'Workers' }).isVisible());
  await page.unroute('**/*');
  await page.getByRole('heading', { name: 'Workers' }).waitFor();
  t.is(page.url(), `${under.server.webUrl}/workers`);
});

test('a guest looks around without an account, where the configuration has one', async (t) => {
  const { server } = await configuredServer(t, {
    'apiserver.conf':
      'auth.fixed_users { enabled: true, users: [{ username: jane, password: secret, name: Jane }] }',
    'services.conf': 'auth.fixed_users.guest { enabled: true, name: "Visitor" }',
  });
  const browser = await startBrowser();
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(`${server.webUrl}/login?next=%2Fqueues`);
  await page.getByRole('button', { name: 'Look around as Visitor' }).click();
  await page.getByRole('heading', { name: 'Queues' }).waitFor();
  await page.getByRole('button', { name: /Visitor/ }).waitFor();
  t.is(page.url(), `${server.webUrl}/queues`);
});

test('long names and a long configuration fit their pages', async (t) => {
  const under = await serverUnderTest(t);
  const long = 'a_name_without_spaces_'.repeat(10).slice(0, 200);
  const value = 'key = value\n'.repeat(40_000);
  const { id } = await under.call<{ id: string }>('tasks.create', {
    name: long,
    type: 'training',
    tags: [`a ${long}`, long],
    configuration: { long: { name: 'long', type: 'text', value } },
  });
  const { page, open, errors } = await pageUnderTest(t, under, { viewport: { width: 390, height: 800 } });
  const overflow = () => page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
  await open('/tasks');
  const name = page.getByRole('link', { name: long });
  await name.waitFor();
  t.true(((await name.boundingBox())?.width ?? 0) > 60);
  await open(`/tasks/${id}?tab=configuration`);
  const text = page.getByRole('region', { name: 'long' });
  await text.waitFor();
  t.is(await overflow(), 0);
  t.true(((await text.textContent())?.length ?? 0) < value.length);
  await page.getByRole('button', { name: /^Show all/ }).click();
  t.is((await text.textContent())?.length, value.length);
  t.deepEqual([...errors], []);
});
