import test from 'ava';
import { appArchive } from '../../support/app-archive.js';
import { serverUnderTest } from '../../support/embedded-server.js';
import { pageUnderTest } from '../../support/web/browser.js';

const GROUP = `{ name: outer, title: Outer, type: group, collapsible: true, collapsibleTitleTemplate: "Outer \${word}", item_template: [
      { name: inner, title: Inner, type: group, collapsible: true, item_template: [
        { name: word, title: Word, type: string, required: true, target { field: hyperparams, section: General, name: word } }
      ] }
    ] }`;

test.serial(
  'what is wrong in folded groups is shown, and the groups stay open while it is mended',
  async (t) => {
    t.timeout(300_000);
    const under = await serverUnderTest(t);
    const archive = await appArchive((text) =>
      text.replace('{ name: rows, type: list', `${GROUP}\n    { name: rows, type: list`),
    );
    await under.call('apps.upload', { archive });
    await under.call('projects.create', { name: 'Networks' });
    await under.call('queues.create', { name: 'custom_apps_queue' });
    const { page, open, errors } = await pageUnderTest(t, under);
    await open('/applications/simple-app/launch');
    await page.getByLabel('project *', { exact: true }).selectOption('Networks');
    await page.getByText('Row first').click();
    const word = page.getByLabel('Word *', { exact: true });
    t.false(await word.isVisible());
    await page.getByRole('button', { name: 'Launch' }).click();
    await page.getByText('One field needs attention.').waitFor();
    await word.waitFor();
    await page.locator('input:focus').and(word).waitFor();
    await page.keyboard.type('kept open');
    t.is(await word.inputValue(), 'kept open');
    t.true(await word.isVisible());
    await page.getByText('Outer kept open').waitFor();
    await page.getByRole('button', { name: 'Launch' }).click();
    await page.getByRole('button', { name: 'Stop' }).waitFor();
    t.deepEqual([...errors], []);
  },
);
