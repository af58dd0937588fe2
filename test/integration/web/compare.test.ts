import test from 'ava';
import { serverUnderTest } from '../../support/embedded-server.js';
import { pageUnderTest } from '../../support/web/browser.js';

const PARAMETERS = {
  Args: {
    lr: { section: 'Args', name: 'lr', value: '0.1' },
    depth: { section: 'Args', name: 'depth', value: '50' },
  },
};

test('a clone with a changed parameter differs from its task in that parameter only', async (t) => {
  const under = await serverUnderTest(t);
  const { id } = await under.call<{ id: string }>('tasks.create', {
    name: 'template',
    type: 'training',
    hyperparams: PARAMETERS,
    script: {
      repository: 'https://git.example.com/a.git',
      entry_point: 'train.py',
      diff: 'a diff',
      requirements: { pip: 'numpy' },
    },
    container: { image: 'an/image', setup_shell_script: 'true' },
  });
  const { page, open, errors } = await pageUnderTest(t, under);
  await open(`/tasks/${id}`);
  await page.getByRole('link', { name: 'Clone' }).click();
  await page.getByLabel('Value of lr').fill('0.5');
  await page.getByLabel('Name', { exact: true }).fill('changed clone');
  await page.getByRole('button', { name: 'Save as draft' }).click();
  await page.getByRole('heading', { name: 'changed clone' }).waitFor();
  const clone = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  const { task } = await under.call<{ task: { script: object; container: object; parent: string } }>(
    'tasks.get_by_id',
    { task: clone },
  );
  t.like(task, {
    parent: id,
    script: {
      repository: 'https://git.example.com/a.git',
      entry_point: 'train.py',
      diff: 'a diff',
      requirements: { pip: 'numpy' },
    },
    container: { image: 'an/image', setup_shell_script: 'true' },
  });

  for (const [index, one] of [id, clone].entries()) await report(under.call, one, index);
  await open('/tasks');
  await page.getByLabel('Select template').check();
  await page.getByLabel('Select changed clone').check();
  await page.getByRole('link', { name: 'Compare' }).click();
  const table = page.getByRole('table', { name: 'Values' });
  await table.getByRole('cell', { name: 'Args/lr' }).waitFor();
  t.deepEqual(await table.getByRole('cell').allTextContents(), ['Args/lr', '0.1', '0.5']);
  await page.getByRole('tab', { name: 'Scalars' }).click();
  await page.getByRole('img', { name: 'loss / train: last values: template 1, changed clone 2' }).waitFor();
  t.deepEqual(errors, []);
});

async function report(
  call: (endpoint: string, body: unknown) => Promise<unknown>,
  task: string,
  index: number,
): Promise<void> {
  const event = (iter: number) => ({
    type: 'training_stats_scalar',
    task,
    metric: 'loss',
    variant: 'train',
    iter,
    value: iter + index,
    timestamp: iter,
  });
  await call('events.add_batch', [event(0), event(1)]);
}

test('parameters of a draft are edited, and the undo brings the old ones back', async (t) => {
  const under = await serverUnderTest(t);
  const { id } = await under.call<{ id: string }>('tasks.create', {
    name: 'a draft',
    type: 'training',
    hyperparams: PARAMETERS,
  });
  const { page, open } = await pageUnderTest(t, under);
  await open(`/tasks/${id}?tab=parameters`);
  await page.getByRole('button', { name: 'Edit parameters' }).click();
  await page.getByLabel('Value of lr').fill('<b>1</b>');
  await page.getByLabel('Remove depth').click();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('<b>1</b>', { exact: true }).waitFor();
  const parameters = async () => {
    const { task } = await under.call<{
      task: { hyperparams: Record<string, Record<string, { value: string }>> };
    }>('tasks.get_by_id', { task: id });
    return Object.entries(task.hyperparams.Args ?? {})
      .map(([name, { value }]) => `${name}=${value}`)
      .sort();
  };
  t.deepEqual(await parameters(), ['lr=<b>1</b>']);
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.getByText('Undone').waitFor();
  t.deepEqual(await parameters(), ['depth=50', 'lr=0.1']);
});
