import { AxeBuilder } from '@axe-core/playwright';
import test, { type ExecutionContext } from 'ava';
import { appArchive } from '../../support/app-archive.js';
import { type ServerUnderTest, serverUnderTest } from '../../support/embedded-server.js';
import { type PageUnderTest, pageUnderTest } from '../../support/web/browser.js';

interface Prepared extends ServerUnderTest, PageUnderTest {
  /** An instance that runs. */
  instance: string;
}

/** The application that uses all of the format, with one instance. */
async function prepared(
  t: ExecutionContext,
  options: Parameters<typeof pageUnderTest>[2] = {},
): Promise<Prepared> {
  t.timeout(300_000);
  const under = await serverUnderTest(t);
  const { call } = under;
  await call('apps.upload', { archive: await appArchive() });
  const { id: queue } = await call<{ id: string }>('queues.create', { name: 'custom_apps_queue' });
  const { id: project } = await call<{ id: string }>('projects.create', { name: 'Networks' });
  await call('projects.create', { name: 'Example network' });
  const parameters = { project, a_bool: true, a_string: '<img src=x onerror=alert(1)>' };
  const { id } = await call<{ id: string }>('apps.launch', {
    app: 'simple-app',
    name: 'first instance',
    parameters,
  });
  // As an agent takes it.
  await call('queues.get_next_task', { queue });
  await call('tasks.started', { task: id });
  await call('events.add_batch', [
    { type: 'training_stats_scalar', task: id, iter: 0, metric: 'loss', variant: 'train', value: 2 },
    { type: 'training_stats_scalar', task: id, iter: 1, metric: 'loss', variant: 'train', value: 1 },
    { type: 'log', task: id, level: 'info', msg: 'a line of the log', timestamp: Date.now() },
  ]);
  return { ...under, ...(await pageUnderTest(t, under, options)), instance: id };
}

for (const colorScheme of ['light', 'dark'] as const)
  test.serial(`axe finds nothing serious on the pages of applications in ${colorScheme}`, async (t) => {
    const { page, open, instance } = await prepared(t, { colorScheme });
    const shown = [
      ['/applications', '.app-tile'],
      ['/applications/simple-app', 'table'],
      ['/applications/simple-app/launch', '.wizard'],
      [`/applications/simple-app/launch?from=${instance}`, '.wizard'],
      [`/applications/simple-app/instances/${instance}`, '.element-log .console-row'],
    ] as const;
    for (const [address, sign] of shown) {
      await open(address);
      await page.locator(sign).first().waitFor();
      // The frames are documents of their own; the other mode opens a tab for each of them.
      const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      const found = serious.map(
        ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(' | ')}`,
      );
      t.deepEqual(found, [], address);
    }
  });

test.serial(
  'the form follows its conditions, its list and its choices, and a clone begins with the values',
  async (t) => {
    const { page, open, call, instance, errors } = await prepared(t);
    await open('/applications/simple-app/launch');
    t.is(await page.getByLabel('A text', { exact: true }).count(), 0);
    await page.getByLabel('A choice', { exact: true }).check();
    await page.getByLabel('A text', { exact: true }).fill('typed');
    await page.getByLabel('size', { exact: true }).selectOption('large');
    t.is(await page.getByLabel('count *', { exact: true }).inputValue(), '100');
    const choices = page.getByLabel('project *', { exact: true });
    await choices.selectOption('Networks');
    t.is(await choices.locator('option', { hasText: 'Example' }).count(), 0);
    await page.getByText('Row first').waitFor();
    await page.getByRole('button', { name: 'Add' }).click();
    await page.getByRole('button', { name: 'Launch' }).click();
    await page.getByText('One field needs attention.').waitFor();
    await page.getByLabel('key *', { exact: true }).nth(1).fill('other');
    await page.getByText('Row other').waitFor();
    await page.getByLabel('note', { exact: true }).fill('only for other');
    await page.getByRole('button', { name: 'Launch' }).click();
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    const task = page.url().split('/').pop();
    const { instance: made } = await call<{ instance: { parameters: object } }>('apps.get_instance', {
      task,
    });
    t.like(made.parameters, {
      a_string: 'typed',
      count: 100,
      rows: [
        { key: 'first', rate: 0.5 },
        { key: 'other', note: 'only for other' },
      ],
    });
    await open(`/applications/simple-app/launch?from=${instance}`);
    t.is(await page.getByLabel('Name of the instance').inputValue(), 'Clone of first instance');
    t.is(await page.getByLabel('A text', { exact: true }).inputValue(), '<img src=x onerror=alert(1)>');
    t.deepEqual([...errors], []);
  },
);

test.serial(
  'a stopped instance is resumed, and scripts in its HTML are text in a sandboxed frame',
  async (t) => {
    const { page, open, call, instance, errors } = await prepared(t);
    await open(`/applications/simple-app/instances/${instance}`);
    const frame = page.locator('iframe[title="Text"]');
    await frame
      .contentFrame()
      .getByRole('heading', { name: 'The text is <img src=x onerror=alert(1)>' })
      .waitFor();
    t.is(await frame.getAttribute('sandbox'), '');
    await page.locator('.hides-legend canvas').waitFor();
    t.false(await page.locator('.hides-legend .u-legend').isVisible());
    await page.getByRole('button', { name: 'Stop' }).click();
    await page.getByRole('button', { name: 'Resume' }).click();
    await page
      .getByText('The instance waits in the queue custom_apps_queue for an agent in services mode.')
      .waitFor();
    await call('apps.delete', { app: 'simple-app' });
    await page.getByRole('link', { name: 'A simple application' }).click();
    await page.getByText('1.0, deleted').waitFor();
    await page.getByRole('link', { name: 'first instance' }).waitFor();
    t.is(await page.getByRole('link', { name: 'Launch' }).count(), 0);
    t.deepEqual([...errors], []);
  },
);

test.serial('a queue that does not exist is named on the form, and what was typed stays', async (t) => {
  const { page, open, call } = await prepared(t);
  const { queues } = await call<{ queues: { id: string }[] }>('queues.get_all', {
    name: '^custom_apps_queue$',
  });
  await call('queues.delete', { queue: queues[0]?.id, force: true });
  await open('/applications/simple-app/launch');
  await page.getByLabel('Name of the instance').fill('kept name');
  await page.getByLabel('project *', { exact: true }).selectOption('Networks');
  await page.getByRole('button', { name: 'Launch' }).click();
  await page.getByText(/there is no queue "custom_apps_queue"; "agent daemon --services-mode/).waitFor();
  t.is(await page.getByLabel('Name of the instance').inputValue(), 'kept name');
});

test.serial(
  'what was typed stays when the application gets a new version, where its fields remain',
  async (t) => {
    const { page, open, call, errors } = await prepared(t);
    await open('/applications/simple-app/launch');
    await page.getByLabel('Name of the instance').fill('kept name');
    await page.getByLabel('size', { exact: true }).selectOption('large');
    await page.getByLabel('count *', { exact: true }).fill('7');
    await page.getByLabel('key *', { exact: true }).fill('kept key');
    const archive = await appArchive((text) =>
      text
        .replace('version: 1.0', 'version: 2.0')
        .replace('choices: [small, large]', 'choices: [small, huge]')
        .replace('small: 1, large: 100', 'small: 1, huge: 100'),
    );
    await call('apps.upload', { archive });
    await page.reload();
    await page.getByLabel('Version').waitFor();
    t.is(await page.getByLabel('Version').inputValue(), '2.0');
    const shown = async () => ({
      name: await page.getByLabel('Name of the instance').inputValue(),
      size: await page.getByLabel('size', { exact: true }).inputValue(),
      count: await page.getByLabel('count *', { exact: true }).inputValue(),
      key: await page.getByLabel('key *', { exact: true }).inputValue(),
    });
    const kept = { name: 'kept name', count: '7', key: 'kept key' };
    // The choice is none of the new version, which shows its default.
    t.deepEqual(await shown(), { ...kept, size: 'small' });
    await page.getByLabel('Version').selectOption('1.0');
    await page
      .getByLabel('size', { exact: true })
      .locator('option', { hasText: 'large' })
      .waitFor({ state: 'attached' });
    t.deepEqual(await shown(), { ...kept, size: 'large' });
    t.deepEqual([...errors], []);
  },
);
