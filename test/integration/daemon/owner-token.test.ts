import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { serverConfText } from '../../../src/server/server.js';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { enterpriseFront } from '../../support/enterprise-front.js';
import { until } from '../../support/until.js';

const SCRIPT = `
printf %s "$CLEARML_AUTH_TOKEN" > "$HOME/token"
echo "keys [$CLEARML_API_ACCESS_KEY$CLEARML_API_SECRET_KEY]"
echo "credentials $(grep -c access_key "$CLEARML_CONFIG_FILE")"
echo "vault $FROM_VAULT"
echo "worker $CLEARML_WORKER_ID"
`;

test('a task runs with the identity of its owner', async (t) => {
  const agent = await agentUnderTest(t);
  const front = await enterpriseFront(t, agent.server.url);
  front.owner = { user: 'ann', company: 'elsewhere' };
  front.vaults.set('ann', 'environment { FROM_VAULT: of-ann }\nagent.worker_name: taken\n');
  const conf = serverConfText({ ...agent.server, url: front.url });
  writeFileSync(path.join(agent.home.folder, 'clearml.conf'), conf);
  const daemon = agent.daemon('--use-owner-token');
  const id = await agent.enqueue({ binary: '/bin/sh', entry_point: 'main.sh', diff: SCRIPT });
  const task = await agent.ended(id);
  t.is(task.status, 'completed', daemon.output());
  const log = await agent.log(id);
  t.regex(log, /^keys \[\]$/m);
  t.regex(log, /^credentials 0$/m);
  t.regex(log, /^vault of-ann$/m);
  t.is(front.userOf(readFileSync(path.join(agent.home.folder, 'token'), 'utf8')), 'ann');
  const whoCalled = (endpoint: string) =>
    new Set(front.calls.filter((call) => call.endpoint === endpoint).map(({ user }) => user));
  for (const endpoint of ['tasks.started', 'events.add_batch', 'tasks.completed', 'tasks.get_by_id'])
    t.deepEqual([...whoCalled(endpoint)], ['ann'], endpoint);
  t.deepEqual([...whoCalled('queues.get_next_task')], ['agent']);
});

test('a task without an owner fails with the reason, and the daemon continues', async (t) => {
  const agent = await agentUnderTest(t);
  const front = await enterpriseFront(t, agent.server.url);
  const conf = serverConfText({ ...agent.server, url: front.url });
  writeFileSync(path.join(agent.home.folder, 'clearml.conf'), conf);
  agent.daemon('--use-owner-token');
  const script = { binary: '/bin/sh', entry_point: 'main.sh', diff: 'echo ran\n' };
  const id = await agent.enqueue(script);
  const task = await agent.ended(id);
  t.deepEqual([task.status, task.status_reason], ['failed', 'failed logging in as the owner of the task']);
  t.true((await agent.log(id)).includes(`the server did not name the owner of task ${id}`));
  front.owner = { user: 'ann', company: 'home' };
  t.is((await agent.ended(await agent.enqueue(script))).status, 'completed');
});

test('an agent that has a token and no keys gives its tasks the token', async (t) => {
  const agent = await agentUnderTest(t);
  const { token } = await agent.call<{ token: string }>('auth.login');
  const conf = serverConfText(agent.server).replace(/credentials \{[^}]*\}/, '');
  writeFileSync(path.join(agent.home.folder, 'clearml.conf'), conf);
  agent.home.env.CLEARML_AUTH_TOKEN = token;
  const id = await agent.enqueue({ binary: '/bin/sh', entry_point: 'main.sh', diff: SCRIPT });
  const { exited, output } = agent.agent('execute', '--id', id);
  t.is((await exited).code, 0, output());
  t.regex(await agent.log(id), /^credentials 0$/m);
  t.is(readFileSync(path.join(agent.home.folder, 'token'), 'utf8'), token);
});

test('the embedded server gives an agent tokens of owners, and their vaults', async (t) => {
  const agent = await agentUnderTest(t);
  const { credentials } = await agent.call<{ credentials: { access_key: string; secret_key: string } }>(
    'auth.create_credentials',
    { role: 'agent' },
  );
  await agent.call('users.create_vault', { data: 'environment { FROM_VAULT: of-owner }' });
  const keys = { accessKey: credentials.access_key, secretKey: credentials.secret_key };
  const conf = serverConfText({ ...agent.server, credentials: keys });
  writeFileSync(path.join(agent.home.folder, 'clearml.conf'), conf);
  const daemon = agent.daemon('--use-owner-token');
  const id = await agent.enqueue({ binary: '/bin/sh', entry_point: 'main.sh', diff: SCRIPT });
  t.is((await agent.ended(id)).status, 'completed', daemon.output());
  const log = await agent.log(id);
  t.regex(log, /^keys \[\]$/m);
  t.regex(log, /^credentials 0$/m);
  t.regex(log, /^vault of-owner$/m);
  const token = readFileSync(path.join(agent.home.folder, 'token'), 'utf8');
  const ask = async (endpoint: string) =>
    (
      await fetch(`${agent.server.url}/${endpoint}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}` },
      })
    ).status;
  t.deepEqual([await ask('tasks.get_all'), await ask('auth.create_credentials')], [200, 403]);
});

test('the open-source server offers no tokens of owners', async (t) => {
  const { agent } = await agentUnderTest(t);
  const daemon = agent('daemon', '--queue', 'default', '--foreground', '--use-owner-token');
  t.is((await daemon.exited).code, 2);
  await until(() => daemon.output().includes('--use-owner-token'), { what: 'the reason', timeoutMs: 2000 });
  t.regex(daemon.output(), /ERROR: --use-owner-token: the server http:\S+ is an open-source one/);
});
