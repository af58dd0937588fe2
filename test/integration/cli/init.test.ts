import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import type { TerminalStep } from '../../support/terminal.js';
import { person } from '../../support/wizard-person.js';

const ENTER = '\r';
const CTRL_C = '\u0003';
/** More empty lines than there are questions. */
const REST = '\n'.repeat(12);
/** What a question is drawn with. */
const ASKED = '◆';
const ANSWERED = '◇';

test('a terminal: paste, Enter for every host, masked token, a private file', async (t) => {
  const { types, block, server, config, file, left } = await person(t);
  const { shown, status } = await types([
    { wait: 'Paste copied configuration here' },
    { type: block },
    { wait: 'Detected credentials key="AKEY" secret="the-***"' },
    { wait: 'WEB Host configured to' },
    { type: ENTER },
    { wait: 'API Host configured to' },
    { type: ENTER },
    { wait: 'File Store Host configured to' },
    { type: ENTER },
    { wait: 'Credentials verified!' },
    { wait: 'Default Output URI' },
    { type: '\u001b[B' },
    { type: ENTER },
    { wait: 'git username' },
    { type: `someone${ENTER}` },
    { wait: "personal token for user 'someone'" },
    { type: `token-of-git${ENTER}` },
    { wait: 'Hosts that get this login' },
    { type: `github.com, git.example.com${ENTER}` },
    { wait: 'extra-index-url' },
    { type: `https://index.example.com/simple${ENTER}` },
    // The same question again: the answered one is drawn once more before it.
    { wait: ANSWERED },
    { wait: ASKED },
    { wait: 'extra-index-url' },
    { type: ENTER },
    { wait: 'Name of this machine' },
    { type: `box-7${ENTER}` },
    { wait: 'setup completed successfully' },
  ]);
  t.is(status, 0, shown);
  t.false(shown.includes('token-of-git'));
  t.deepEqual(server.calls, ['auth.login']);
  const written = config();
  t.deepEqual(written.agent.git.credentialHosts, ['github.com', 'git.example.com']);
  t.is(written.api.webServer, 'https://app.example.com');
  t.is(written.api.apiServer, server.url);
  t.is(written.api.filesServer, 'https://files.example.com');
  t.is(written.api.credentials.secretKey, 'the-secret');
  t.is(written.raw('sdk.development.default_output_uri'), 'https://files.example.com');
  t.is(written.agent.gitPass, 'token-of-git');
  t.is(written.agent.workerName, 'box-7');
  t.deepEqual(written.agent.packageManager.extraIndexUrl, ['https://index.example.com/simple']);
  t.is((await stat(file)).mode & 0o777, 0o600);
  t.deepEqual(await left(), ['clearml.conf']);
});

test('a terminal: Ctrl-C at any prompt leaves nothing', async (t) => {
  const { types, block, left } = await person(t);
  const prompts: TerminalStep[] = [
    { wait: 'Paste copied configuration here' },
    { wait: 'WEB Host configured to' },
    { wait: 'API Host configured to' },
    { wait: 'File Store Host configured to' },
    { wait: 'Default Output URI' },
    { wait: 'git username' },
    { wait: 'extra-index-url' },
    { wait: 'Name of this machine' },
  ];
  for (let last = 0; last < prompts.length; last += 1) {
    const answers = prompts
      .slice(0, last)
      .flatMap((prompt, at) => [prompt, { type: at === 0 ? block : ENTER }]);
    const { shown, status } = await types([...answers, prompts[last] ?? { wait: '' }, { type: CTRL_C }]);
    t.is(status, 130, shown);
    t.true(shown.includes('Cancelled: nothing was written.'), shown);
    t.deepEqual(await left(), []);
  }
});

test('a terminal: keys that are refused may be typed once more', async (t) => {
  const { types, block, config } = await person(t);
  const { status, shown } = await types([
    { wait: 'Paste copied configuration here' },
    { type: block.replace('the-secret', 'wrong') },
    { wait: 'WEB Host' },
    { type: ENTER },
    { wait: 'API Host' },
    { type: ENTER },
    { wait: 'File Store' },
    { type: ENTER },
    { wait: 'refuses access key AKEY' },
    { wait: 'Enter user access key' },
    { type: `AKEY${ENTER}` },
    { wait: 'Enter user secret' },
    { type: `the-secret${ENTER}` },
    { wait: 'Credentials verified!' },
    { wait: 'Default Output URI' },
    { type: ENTER },
    { wait: 'git username' },
    { type: ENTER },
    { wait: 'extra-index-url' },
    { type: ENTER },
    { wait: 'Name of this machine' },
    { type: ENTER },
    { wait: 'completed successfully' },
  ]);
  t.is(status, 0, shown);
  t.is(config().api.credentials.secretKey, 'the-secret');
});

test('a pipe: one line an answer, defaults for empty ones', async (t) => {
  const { pipes, block, config, server } = await person(t);
  const { status, shown } = await pipes(`${block}\n\nhttps://files.other\ns\nme\nsecret-token\n${REST}`);
  t.is(status, 0, shown);
  t.is(config().raw('sdk.development.default_output_uri'), 'https://files.other');
  t.is(config().agent.gitUser, 'me');
  t.is(config().agent.gitPass, 'secret-token');
  t.is(config().api.apiServer, server.url);
});

test('a pipe: refused keys, twice, end without a file', async (t) => {
  const { pipes, block, left } = await person(t);
  const { status, shown } = await pipes(`${block.replace('the-secret', 'wrong')}\n\n\nAKEY\nwrong-too\n`);
  t.is(status, 2, shown);
  t.regex(shown, /ERROR: the API server .* refuses access key AKEY/);
  t.deepEqual(await left(), []);
});

test('a pipe: a server that does not answer', async (t) => {
  const { pipes, block, left, server } = await person(t);
  const { status, shown } = await pipes(`${block.replace(server.url, 'http://127.0.0.1:9')}${REST}`);
  t.is(status, 1, shown);
  t.regex(shown, /127\.0\.0\.1:9/);
  t.deepEqual(await left(), []);
});

test('a pipe: nothing to read the keys from', async (t) => {
  const { pipes, left } = await person(t);
  const { status, shown } = await pipes('');
  t.is(status, 2, shown);
  t.regex(shown, /the input ended before "Enter user access key"; nothing was written/);
  t.deepEqual(await left(), []);
});

test('a pipe that ends before any of the questions leaves nothing, with status 2', async (t) => {
  t.timeout(180_000);
  const { pipes, block, left } = await person(t);
  const answers = ['\n', '\n', '\n', 'c\n', 'gs://bucket\n', 'me\n', 'token\n', 'github.com\n', '\n'];
  for (let given = 0; given <= answers.length; given += 1) {
    const { status, shown } = await pipes(`${block}${answers.slice(0, given).join('')}`);
    t.is(status, 2, shown);
    t.regex(shown, /ERROR: the input ended before ".+"; nothing was written\n/);
    t.deepEqual(await left(), []);
  }
});

test('a pipe: the block of a new file is no answer about one that exists', async (t) => {
  const { pipes, block, file } = await person(t);
  await writeFile(file, '# mine\n');
  for (const input of [`${block}${REST}`, '']) {
    const { status, shown } = await pipes(input);
    t.is(status, 2, shown);
    t.is(shown.match(/Append an agent section to it\?.*: \[/g)?.length, 1, shown);
    t.regex(shown, /ERROR: .*Append an agent section.*; nothing was written\n/);
    t.is(await readFile(file, 'utf8'), '# mine\n');
  }
});

test('an existing file keeps what it has, with an agent section behind it when that is wanted', async (t) => {
  const { pipes, file, config } = await person(t);
  const before = '# mine\napi { api_server: "http://x" }\nagent { git_user: "old", debug: true }';
  await writeFile(file, before);
  const refused = await pipes('\n');
  t.is(refused.status, 0, refused.shown);
  t.true(refused.shown.includes(`Configuration file already exists: ${file}`));
  t.is(await readFile(file, 'utf8'), before);
  const added = await pipes(`y\nnew\npass\n${REST}`);
  t.is(added.status, 0, added.shown);
  t.true((await readFile(file, 'utf8')).startsWith(`${before}\n`));
  t.is(config().agent.gitUser, 'new');
  t.true(config().agent.debug);
  t.is((await stat(file)).mode & 0o777, 0o600);
});

test('init writes the file that the agent is told to read', async (t) => {
  const { pipes, block, home, left } = await person(t);
  const file = path.join(home.folder, 'other.conf');
  const { status, shown } = await pipes(`${block}${REST}`, ['--config-file', file, 'init']);
  t.is(status, 0, shown);
  t.deepEqual(await left(), ['other.conf']);
});
