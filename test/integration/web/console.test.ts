import test from 'ava';
import { type ServerUnderTest, serverUnderTest } from '../../support/embedded-server.js';
import { pageUnderTest } from '../../support/web/browser.js';

/** More than the page holds at once. */
const LINES = 30_000;

async function taskThatPrinted({ call }: ServerUnderTest, messages: readonly string[]): Promise<string> {
  const { id } = await call<{ id: string }>('tasks.create', { name: 'prints', type: 'training' });
  const begun = Date.now() - messages.length;
  const events = messages.map((msg, index) => ({ type: 'log', task: id, msg, timestamp: begun + index }));
  for (let at = 0; at < events.length; at += 10_000)
    await call('events.add_batch', events.slice(at, at + 10_000));
  return id;
}

test('the console shows colours and redrawn lines, and markup as text', async (t) => {
  const under = await serverUnderTest(t);
  const id = await taskThatPrinted(under, [
    '\u001b[31mred\u001b[0m and plain\n',
    '<img src=x onerror="document.title=1"> stays text\n',
    'loading 10%\rloading 50%\rloading 100%\n',
    'epoch 1\r',
    'epoch 2\r',
    'epoch 3\n',
    'two\nlines\n',
  ]);
  const { page, open, errors } = await pageUnderTest(t, under);
  await open(`/tasks/${id}?tab=console`);
  const lines = page.locator('.console-text');
  await lines.nth(5).waitFor();
  t.deepEqual(await lines.allTextContents(), [
    'red and plain',
    '<img src=x onerror="document.title=1"> stays text',
    'loading 100%',
    'epoch 3',
    'two',
    'lines',
  ]);
  t.is(await page.locator('.ansi-red-fg').textContent(), 'red');
  await under.call('events.add_batch', [
    { type: 'log', task: id, msg: 'printed now\n', timestamp: Date.now() },
  ]);
  await page.getByText('printed now').waitFor();
  t.deepEqual(errors, []);
});

test('a log that is longer than the window is read from both ends and searched', async (t) => {
  const under = await serverUnderTest(t);
  const messages = Array.from(
    { length: LINES },
    (_, index) => `line ${index}${index === 7000 ? ' needle' : ''}\n`,
  );
  const id = await taskThatPrinted(under, messages);
  const { page, open, errors } = await pageUnderTest(t, under);
  await open(`/tasks/${id}?tab=console`);
  await page.getByText(`line ${LINES - 1}`, { exact: true }).waitFor();
  await page.getByLabel('Find in the console').fill('NEEDLE');
  await page.keyboard.press('Enter');
  t.is(await page.locator('.console-row.found').textContent(), 'line 7000 needle');
  await page.getByRole('button', { name: 'Start', exact: true }).click();
  await page.getByText('line 0', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Jump to end' }).click();
  await page.getByText(`line ${LINES - 1}`, { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Following' }).waitFor();
  t.deepEqual(errors, []);
});
