import test from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { until } from '../../support/until.js';
import { pageUnderTest } from '../../support/web/browser.js';

/** Prints until it is stopped. */
const COUNTS = 'i=0; while true; do i=$((i+1)); echo "counted to $i"; sleep 0.2; done\n';

test('a task from the form runs, its console grows in sight, and it is aborted', async (t) => {
  const agent = await agentUnderTest(t, { CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1' });
  const { page, open, errors } = await pageUnderTest(t, agent);
  agent.daemon();
  await open('/tasks/new');
  await page.getByLabel('Name', { exact: true }).fill('counts');
  await page.getByLabel('Project').fill('From the form');
  await page.getByLabel('Source').selectOption('own');
  await page.getByLabel('Code', { exact: true }).fill(COUNTS);
  await page.getByLabel('Binary').fill('/bin/sh');
  await page.getByRole('button', { name: 'Save and enqueue' }).click();
  await page.getByRole('dialog').getByLabel('Queue').selectOption(agent.queue);
  await page.getByRole('dialog').getByRole('button', { name: 'Enqueue' }).click();

  await page.locator('.badge', { hasText: 'Running' }).waitFor();
  const id = new URL(page.url()).pathname.split('/').at(-1) ?? '';
  await page.getByRole('tab', { name: 'Console' }).click();
  const lines = page.getByRole('region', { name: 'Lines' });
  await lines.getByText('counted to 3', { exact: true }).waitFor();
  await lines.getByText('counted to 12', { exact: true }).waitFor();
  t.is(await lines.getByText('counted to 3', { exact: true }).count(), 1, 'each line comes once');

  await page.getByRole('button', { name: 'Abort' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Abort' }).click();
  await page.locator('.badge', { hasText: 'Aborted' }).waitFor();
  const ended = await until(async () => ((one) => one.status === 'stopped' && one)(await agent.task(id)), {
    what: 'the stop',
  });
  t.is(ended.id, id);
  const { tasks } = await agent.call<{ tasks: { project: { name: string } }[] }>('tasks.get_all_ex', {
    id: [id],
    only_fields: ['project.name'],
  });
  t.is(tasks[0]?.project.name, 'From the form');
  t.deepEqual(errors, []);
});
