import test from 'ava';
import { basic, bearer, configuredServer } from '../../support/configured-server.js';

const FILES = {
  'apiserver.conf':
    'auth.fixed_users { enabled: true, users: [{ username: "jane", password: "12345678", name: "Jane", admin: true }] }',
  'secure.conf': 'credentials.apps { user_key: "APPS", user_secret: "apps-secret", role: "agent" }',
};

const REFUSED = [
  'auth.create_credentials',
  'auth.get_credentials',
  'auth.edit_credentials',
  'auth.revoke_credentials',
  'auth.create_user',
  'auth.edit_user',
  'auth.delete_user',
  'auth.get_users',
  'auth.get_token_for_user',
  'auth.validate_token',
  'users.create_vault',
  'users.update',
  'storage.get_settings',
  'storage.set_settings',
  'storage.reset_settings',
];

/** A field that each of them needs comes after the permission is checked. */
const BODY = {};

test("a task's key works on tasks as its owner, and makes neither users nor keys", async (t) => {
  const { send, token } = await configuredServer(t, FILES);
  const jane = { authorization: bearer(await token(basic('jane', '12345678'))) };
  const { id } = (await send('users.get_current_user', jane)).data.user as { id: string };
  const key = await token(basic('APPS', 'apps-secret'), { 'x-clearml-impersonate-as': id });
  const claims = JSON.parse(Buffer.from(key.split('.')[1] ?? '', 'base64url').toString());
  t.like(claims, { feature_set: 'advanced', scope: 'task', identity: { user: id, role: 'user' } });
  // A log-in with the token gives no more than the token.
  for (const authorization of [bearer(key), bearer(await token(bearer(key)))]) {
    const task = { authorization };
    const made = (await send('tasks.create', task, { name: 'a task', type: 'training' })).data.id;
    const copy = (await send('tasks.clone', task, { task: made })).data.id;
    t.is((await send('tasks.enqueue', task, { task: copy, queue_name: 'default' })).code, '200/0');
    t.is((await send('tasks.stop', task, { task: copy })).code, '200/0');
    t.is((await send('tasks.delete', task, { task: made, force: true })).code, '200/0');
    for (const endpoint of REFUSED) t.is((await send(endpoint, task, BODY)).code, '403/20', endpoint);
    const other = await send('auth.login', { ...task, 'x-clearml-impersonate-as': '__apps__' });
    t.is(other.code, '400/6');
  }
});

test('an agent gets tokens of owners, and makes neither users nor keys', async (t) => {
  const { send, token } = await configuredServer(t, FILES);
  const agent = { authorization: bearer(await token(basic('APPS', 'apps-secret'))) };
  const claims = JSON.parse(Buffer.from(agent.authorization.split('.')[1] ?? '', 'base64url').toString());
  t.like(claims, { feature_set: 'advanced', identity: { role: 'agent', service_account_type: 2 } });
  for (const endpoint of REFUSED) t.is((await send(endpoint, agent, BODY)).code, '403/20', endpoint);
});

test('a pair with the role of an agent can do less than its user, also with its token', async (t) => {
  const { send, token } = await configuredServer(t, FILES);
  const jane = { authorization: bearer(await token(basic('jane', '12345678'))) };
  const made = await send('auth.create_credentials', jane, { role: 'agent', label: 'GPU machine' });
  const { access_key, secret_key } = made.data.credentials as Record<string, string>;
  const pair = basic(access_key ?? '', secret_key ?? '');
  const first = await token(pair);
  for (const authorization of [pair, bearer(first), bearer(await token(bearer(first)))])
    for (const endpoint of REFUSED)
      t.is((await send(endpoint, { authorization }, BODY)).code, '403/20', endpoint);
  const { credentials } = (await send('auth.get_credentials', jane)).data as {
    credentials: Record<string, string>[];
  };
  t.like(credentials[0], { access_key, label: 'GPU machine', role: 'agent' });
  t.truthy(credentials[0]?.last_used);
  t.is((await send('auth.revoke_credentials', jane, { access_key })).code, '200/0');
  t.is((await send('auth.login', { authorization: pair })).code, '401/22');
});

test('without users the pair of the folder may do everything', async (t) => {
  const { call } = await configuredServer(t, {});
  const { users } = await call<{ users: { role: string }[] }>('auth.get_users');
  t.deepEqual(
    users.map(({ role }) => role),
    ['admin'],
  );
  t.truthy(await call('auth.create_credentials', {}));
  const { vaults } = await call<{ vaults: unknown[] }>('users.get_vaults', {
    enabled: true,
    types: ['config'],
  });
  t.deepEqual(vaults, []);
});

test("vaults are their user's own, those of the company are for all", async (t) => {
  const { send, token, call } = await configuredServer(t, FILES);
  const jane = { authorization: bearer(await token(basic('jane', '12345678'))) };
  const { id } = (await send('users.get_current_user', jane)).data.user as { id: string };
  const task = { authorization: basic('APPS', 'apps-secret'), 'x-clearml-impersonate-as': id };
  const mine = (await send('users.create_vault', jane, { data: 'a: 1', description: 'of Jane' })).data.id;
  await call('users.create_vault', { data: 'a: 0', scope: 'company' });
  const texts = async (headers: Record<string, string>) => {
    const { data } = await send(
      'users.get_vaults?enabled=true&types=config&types=config',
      headers,
      {},
      'GET',
    );
    return (data.vaults as { data: string }[]).map((vault) => vault.data);
  };
  t.deepEqual(await texts(jane), ['a: 0', 'a: 1']);
  t.deepEqual(await texts(task), ['a: 0', 'a: 1']);
  t.deepEqual(await texts({ authorization: basic('APPS', 'apps-secret') }), ['a: 0']);
  t.is((await send('users.update_vault', jane, { vault: mine, enabled: false })).code, '200/0');
  t.deepEqual(await texts(jane), ['a: 0']);
  t.is((await send('users.delete_vault', jane, { vault: mine })).code, '200/0');
  t.is((await send('users.delete_vault', jane, { vault: mine })).code, '400/10');
});
