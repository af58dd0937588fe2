import { AxeBuilder } from '@axe-core/playwright';
import test, { type ExecutionContext } from 'ava';
import { readPasted } from '../../../src/cli/init/pasted-credentials.js';
import { serverUnderTest } from '../../support/embedded-server.js';
import { until } from '../../support/until.js';
import { pageUnderTest } from '../../support/web/browser.js';
import { addSamples } from '../../support/web/sample-data.js';
import { addFleet } from '../../support/web/sample-fleet.js';

type Under = Awaited<ReturnType<typeof serverUnderTest>>;

/** A queue with these tasks; answers the ids. */
async function filled({ call }: Under, queue: string, names: readonly string[]) {
  const { id } = await call<{ id: string }>('queues.create', { name: queue });
  const tasks: string[] = [];
  for (const name of names) {
    const task = await call<{ id: string }>('tasks.create', { name, type: 'training' });
    await call('tasks.enqueue', { task: task.id, queue: id });
    tasks.push(task.id);
  }
  return { id, tasks };
}

interface QueueAnswer {
  queue: { entries: { task: string }[] };
}

async function order({ call }: Under, queue: string): Promise<string[]> {
  const { queue: found } = await call<QueueAnswer>('queues.get_by_id', { queue });
  return found.entries.map(({ task }) => task);
}

/** Waits until a queue has these tasks in this order. */
async function ordered(
  t: ExecutionContext,
  under: Under,
  queue: string,
  tasks: readonly (string | undefined)[],
) {
  const expected = JSON.stringify(tasks);
  await until(async () => JSON.stringify(await order(under, queue)) === expected, {
    what: `the order ${expected}`,
  });
  t.deepEqual(await order(under, queue), [...tasks]);
}

test('a task moves within its queue by keys and by dragging', async (t) => {
  const under = await serverUnderTest(t);
  const { id, tasks } = await filled(under, 'fast', ['alpha', 'beta', 'gamma', 'delta']);
  const [a, b, c, d] = tasks;
  const { page, open, errors } = await pageUnderTest(t, under);
  await open(`/queues?queue=${id}`);
  const handle = (name: string) => page.getByRole('button', { name: `Move ${name},` });
  await handle('gamma').focus();
  await page.keyboard.press('ArrowUp');
  await ordered(t, under, id, [a, c, b, d]);
  // The focus went along, so that the next key moves the same task.
  await page.keyboard.press('ArrowUp');
  await ordered(t, under, id, [c, a, b, d]);
  await page.keyboard.press('End');
  await ordered(t, under, id, [a, b, d, c]);
  await page.locator('.entry', { hasText: 'gamma' }).locator('.entry-number', { hasText: /^4$/ }).waitFor();
  const from = await handle('gamma').boundingBox();
  const to = await page.locator('.entry').first().boundingBox();
  await page.mouse.move((from?.x ?? 0) + 5, (from?.y ?? 0) + 5);
  await page.mouse.down();
  await page.mouse.move((to?.x ?? 0) + 5, (to?.y ?? 0) + 5, { steps: 4 });
  await page.mouse.up();
  await ordered(t, under, id, [c, a, b, d]);
  t.deepEqual(errors, []);
});

test('a task goes to another queue, leaves it, and comes back to its place by an undo', async (t) => {
  const under = await serverUnderTest(t);
  const { id, tasks } = await filled(under, 'fast', ['alpha', 'beta', 'gamma']);
  const slow = await filled(under, 'slow', []);
  const [a, b, c] = tasks;
  const { page, open, errors } = await pageUnderTest(t, under);
  await open(`/queues?queue=${id}`);
  const act = async (name: string) => {
    await page.getByRole('button', { name: 'Actions for beta' }).click();
    await page.getByRole('button', { name, exact: true }).click();
  };
  await act('Dequeue');
  // The button says that the task is out of the queue.
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('Undone').waitFor();
  await ordered(t, under, id, [a, b, c]);
  await page.locator('.entry', { hasText: 'beta' }).waitFor();
  await page.locator('.menu-panel').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Actions for beta' }).click();
  await page.locator('.menu-panel').getByRole('button', { name: 'slow' }).click();
  await ordered(t, under, slow.id, [b]);
  await ordered(t, under, id, [a, c]);
  t.deepEqual(errors, []);
});

test('a queue is made, renamed and deleted, and a wrong name is told where it is typed', async (t) => {
  const under = await serverUnderTest(t);
  const { page, open, errors } = await pageUnderTest(t, under);
  await open('/queues');
  await page.getByRole('button', { name: 'New queue' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('x');
  await dialog.getByRole('button', { name: 'Make the queue' }).click();
  await dialog.getByText('A name has at least 3 characters.').waitFor();
  await dialog.getByLabel('Name').fill('default');
  await dialog.getByRole('button', { name: 'Make the queue' }).click();
  await dialog.getByText(/already/).waitFor();
  await dialog.getByLabel('Name').fill('night');
  await dialog.getByRole('button', { name: 'Make the queue' }).click();
  await page.getByRole('heading', { name: 'night' }).waitFor();
  await page.getByRole('button', { name: 'Rename' }).click();
  await dialog.getByLabel('Name').fill('by night');
  await dialog.getByRole('button', { name: 'Rename' }).click();
  await page.getByRole('heading', { name: 'by night' }).waitFor();
  await page.getByRole('button', { name: 'Delete' }).click();
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('heading', { name: 'by night' }).waitFor({ state: 'detached' });
  const { queues } = await under.call<{ queues: { name: string }[] }>('queues.get_all');
  t.deepEqual(
    queues.map(({ name }) => name),
    ['default'],
  );
  t.deepEqual(errors, []);
});

test('new credentials come as the block that agent init takes, work at once, and are revoked', async (t) => {
  const under = await serverUnderTest(t);
  const { server } = under;
  const { page, open, errors } = await pageUnderTest(t, under);
  await open('/settings');
  await page.getByRole('button', { name: 'Create credentials' }).click();
  await page.getByLabel('Label').fill('GPU machine 3');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  const block = (await page.locator('#conf-block').textContent()) ?? '';
  const pasted = readPasted(block);
  t.like(pasted, { web: server.webUrl, api: server.url, files: server.filesUrl });
  const headers = {
    authorization: `Basic ${Buffer.from(`${pasted.accessKey}:${pasted.secretKey}`).toString('base64')}`,
  };
  const login = async () => (await fetch(`${server.url}/auth.login`, { method: 'POST', headers })).status;
  t.is(await login(), 200);
  await page.getByRole('button', { name: 'Done' }).click();
  t.false((await page.content()).includes(pasted.secretKey ?? '?'));
  await page.getByRole('button', { name: 'Revoke GPU machine 3' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('GPU machine 3', { exact: true }).waitFor({ state: 'detached' });
  t.is(await login(), 401);
  t.deepEqual(errors, []);
});

test('eight tabs follow the server by one stream', async (t) => {
  const under = await serverUnderTest(t);
  const { page, open, errors } = await pageUnderTest(t, under);
  const tabs = [page];
  while (tabs.length < 8) tabs.push(await page.context().newPage());
  await open('/queues');
  for (const tab of tabs.slice(1)) {
    await tab.goto(`${under.server.webUrl}/queues`);
    await tab.getByRole('heading', { name: 'Queues' }).waitFor();
  }
  await under.call('queues.create', { name: 'made elsewhere' });
  for (const tab of tabs) await tab.getByText('made elsewhere').first().waitFor();
  await under.call('workers.register', { worker: 'new-box', queues: [] });
  await page.goto(`${under.server.webUrl}/workers`);
  await page.getByRole('button', { name: 'new-box' }).waitFor();
  t.deepEqual(errors, []);
});

test('the overview follows what happens', async (t) => {
  const under = await serverUnderTest(t);
  const { call } = under;
  const { page, open, errors } = await pageUnderTest(t, under);
  await open('/');
  await page.getByText('Nothing has run on this server yet.').waitFor();
  const { id } = await call<{ id: string }>('tasks.create', { name: 'lively', type: 'training' });
  await call('tasks.started', { task: id });
  await page.locator('.card', { hasText: 'Running' }).getByRole('link', { name: 'lively' }).waitFor();
  await call('tasks.failed', { task: id, status_reason: 'out of memory' });
  await page.getByText('out of memory').waitFor();
  t.is(await page.locator('.tile.bad .tile-value').textContent(), '1');
  t.deepEqual(errors, []);
});

test('the printed address logs a browser in, leaves no token in it, and tells when it was used before', async (t) => {
  const under = await serverUnderTest(t);
  const { browser } = await pageUnderTest(t, under);
  const address = under.server.pageAddress();
  const first = await (await browser.newContext()).newPage();
  await first.goto(address);
  await first.getByRole('heading', { name: 'Overview' }).waitFor();
  t.false(first.url().includes('token'));
  const second = await (await browser.newContext()).newPage();
  await second.goto(address);
  await second.getByText(/an address logs in once/).waitFor();
  t.false(second.url().includes('token'));
});

test('an expired session leads to the log-in, and back to the page', async (t) => {
  const clock = { now: Date.now() };
  const under = await serverUnderTest(t, { now: () => clock.now, sessionCheckMs: 100 });
  const { page, open } = await pageUnderTest(t, under);
  await open('/workers');
  await page.getByRole('heading', { name: 'Workers' }).waitFor();
  clock.now += 31 * 86_400_000;
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  await page.getByLabel('Access key').fill(under.server.credentials.accessKey);
  await page.getByLabel('Secret key').fill(under.server.credentials.secretKey);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('heading', { name: 'Workers' }).waitFor();
  t.true(page.url().endsWith('/workers'));
});

for (const [kind, viewport] of Object.entries({
  wide: { width: 1280, height: 800 },
  phone: { width: 390, height: 800 },
}))
  test(`many queues and workers do not push what is chosen out of sight on a ${kind} screen`, async (t) => {
    const under = await serverUnderTest(t);
    const { call } = under;
    for (let n = 0; n < 60; n += 1) {
      await call('queues.create', { name: `queue ${n}` });
      await call('workers.register', { worker: `box-${n}` });
    }
    const { page, open } = await pageUnderTest(t, under, { viewport });
    for (const [address, list, chosen] of [
      ['/queues', page.getByRole('button', { name: /^queue 59 / }), 'queue 59'],
      ['/workers', page.getByRole('button', { name: 'box-59' }), 'box-59'],
    ] as const) {
      await open(address);
      await list.click();
      const heading = page.getByRole('heading', { name: chosen });
      await heading.waitFor();
      const { y = Number.NaN } = (await heading.boundingBox()) ?? {};
      t.true(y > 0 && y < viewport.height, `${address}: ${y}`);
    }
  });

test('each GPU of a worker has its line, named as the agent was given it', async (t) => {
  const under = await serverUnderTest(t);
  const { call } = under;
  await call('workers.register', { worker: 'box:gpu2,3' });
  for (const [minute, gpu_usage] of [
    [2, [10, 90]],
    [1, [20, 80]],
  ] as const)
    await call('workers.status_report', {
      worker: 'box:gpu2,3',
      timestamp: Date.now() - minute * 60_000,
      machine_stats: { gpu_usage, cpu_usage: [12] },
    });
  const { page, open, errors } = await pageUnderTest(t, under);
  await open('/workers');
  await page
    .getByRole('img', { name: 'GPU use of box:gpu2,3 (%): last values: GPU 2 20, GPU 3 80' })
    .waitFor();
  await page.getByRole('img', { name: 'CPU use of box:gpu2,3 (%): last values: CPU 12' }).waitFor();
  t.deepEqual([...errors], []);
});

for (const colorScheme of ['light', 'dark'] as const)
  test(`axe finds nothing serious on overview, queues, workers and settings in ${colorScheme}`, async (t) => {
    const under = await serverUnderTest(t);
    const { server, call } = under;
    const { accessKey, secretKey } = server.credentials;
    const authorization = `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}`;
    const samples = await addSamples({ call, files: server.filesUrl, authorization });
    await addFleet(call, samples);
    const { page, open, errors } = await pageUnderTest(t, under, { colorScheme });
    const shown = [
      ['/', '.tile'],
      [`/queues?queue=${samples.queue}`, '.entry'],
      ['/workers?worker=gpu-box%3A0', '.uplot'],
      ['/settings', 'table'],
    ] as const;
    for (const [address, sign] of shown) {
      await open(address);
      await page.locator(sign).first().waitFor();
      const { violations } = await new AxeBuilder({ page }).analyze();
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      const found = serious.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`,
      );
      t.deepEqual(found, [], address);
      await page.setViewportSize({ width: 390, height: 844 });
      const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
      t.true(overflow <= 0, `${address} is ${overflow} pixels too wide for a phone`);
      await page.setViewportSize({ width: 1280, height: 800 });
    }
    t.deepEqual(errors, []);
  });
