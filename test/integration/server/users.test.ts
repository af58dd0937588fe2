import test from 'ava';
import bcrypt from 'bcryptjs';
import { startServer } from '../../../src/server/server.js';
import { basic, bearer, configuredServer } from '../../support/configured-server.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const USERS = `auth.fixed_users {
  enabled: true
  users: [
    { username: "jane", password: "12345678", name: "Jane Doe", admin: true }
    { username: "john", password: "geheimniß", name: "John Doe" }
  ]
}`;

test('users of the configuration log in with name and password, and are told apart', async (t) => {
  const { send, token } = await configuredServer(t, { 'apiserver.conf': USERS });
  const jane = bearer(await token(basic('jane', '12345678')));
  const john = bearer(await token(basic('john', 'geheimniß')));
  const who = async (authorization: string) => {
    const { data } = await send('users.get_current_user', { authorization });
    const { name, role } = data.user as Record<string, string>;
    return [name, role];
  };
  t.deepEqual(await who(jane), ['Jane Doe', 'admin']);
  t.deepEqual(await who(john), ['John Doe', 'user']);
  t.is((await send('auth.login', { authorization: basic('john', '12345678') })).code, '401/22');
  t.is((await send('auth.login', { authorization: basic('nobody', '12345678') })).code, '401/22');
  t.like((await send('auth.fixed_users_mode', {})).data, { enabled: true, guest: { enabled: false } });
  const made = await send('tasks.create', { authorization: john }, { name: 'of john', type: 'training' });
  const { data } = await send(
    'tasks.get_all_ex',
    { authorization: jane },
    { id: [made.data.id], only_fields: ['user.name'] },
  );
  const [task] = data.tasks as { user: { name: string } }[];
  t.is(task?.user.name, 'John Doe');
});

test('hashed passwords are bcrypt in base64', async (t) => {
  const hash = Buffer.from(bcrypt.hashSync('123456', 5)).toString('base64');
  const { send, token } = await configuredServer(t, {
    'apiserver.conf': `auth.fixed_users { enabled: true, pass_hashed: true, users: [
      { username: "jane", password: "${hash}", name: "Jane" }
    ] }`,
  });
  t.truthy(await token(basic('jane', '123456')));
  t.truthy(await token(basic('jane', '123456')));
  t.is((await send('auth.login', { authorization: basic('jane', hash) })).code, '401/22');
});

const WRONG_USERS: [files: Record<string, string>, message: RegExp][] = [
  [
    { 'apiserver.conf': 'auth.fixed_users { enabled: true, users: [\n { username: "jane" }\n] }' },
    /apiserver\.conf:\d: apiserver\.auth\.fixed_users\.users\.0\.password: expected a text that is not empty$/,
  ],
  [
    {
      'apiserver.conf':
        'auth.fixed_users { enabled: true, pass_hashed: true, users: [{ username: "jane", password: "123456" }] }',
    },
    /apiserver\.conf:1: .*\.password: expected a bcrypt hash in base64, because pass_hashed is true$/,
  ],
  [
    {
      'apiserver.conf':
        'auth.fixed_users { enabled: true, users: [{ username: "a", password: "b" }, { username: "a", password: "c" }] }',
    },
    /there are two users "a"$/,
  ],
  [
    { 'secure.conf': 'credentials.apps { user_key: "k", user_secret: "s", role: "king" }' },
    /secure\.conf:1: secure\.credentials\.apps: expected a role of system, root, admin, user, agent, guest$/,
  ],
  [
    { 'secure.conf': 'credentials.apps { user_key: "k", role: "admin" }' },
    /expected user_key and user_secret, found one of them$/,
  ],
  [{ 'secure.conf': 'auth.token_secret: "short"' }, /token_secret: expected 32 characters or more$/],
  [
    { 'apiserver.conf': 'auth.cookies.samesite: None' },
    /samesite: browsers take "none" only with secure: true$/,
  ],
];

test('wrong users are refused with their place, and the folder stays usable', async (t) => {
  const folder = temporaryFolder(t);
  for (const [files, message] of WRONG_USERS) {
    const error = await t.throwsAsync(configuredServer(t, files, { folder }));
    t.like(error, { code: 'CONFIG_VALUE', exitStatus: 2 });
    t.regex(error?.message ?? '', message);
  }
  const server = await startServer({ folder });
  await server.close();
});

test('a user who is no longer in the configuration loses access, and gets it back', async (t) => {
  const folder = temporaryFolder(t);
  const first = await configuredServer(t, { 'apiserver.conf': USERS }, { folder });
  const john = await first.token(basic('john', 'geheimniß'));
  const made = await first.send('auth.create_credentials', { authorization: bearer(john) });
  const { access_key, secret_key } = made.data.credentials as Record<string, string>;
  const keys = basic(access_key ?? '', secret_key ?? '');
  t.truthy(await first.token(keys));
  await first.server.close();

  const without = await configuredServer(t, { 'apiserver.conf': '' }, { folder });
  t.is((await without.send('auth.login', { authorization: keys })).code, '401/22');
  t.is((await without.send('users.get_current_user', { authorization: bearer(john) })).code, '401/30');
  await without.server.close();

  const again = await configuredServer(t, { 'apiserver.conf': USERS }, { folder });
  t.truthy(await again.token(keys));
});

test('accounts of programs have the keys and the role of secure.conf', async (t) => {
  const folder = temporaryFolder(t);
  const files = (secret: string) => ({
    'secure.conf': `credentials.apps_agent { user_key: "APPS", user_secret: "${secret}", role: "admin" }`,
  });
  const first = await configuredServer(t, files('one'), { folder });
  const token = await first.token(basic('APPS', 'one'));
  const { data } = await first.send('users.get_current_user', { authorization: bearer(token) });
  t.like(data.user, { id: '__apps_agent__', name: 'apps_agent', role: 'admin' });
  const refused = await first.send(
    'auth.revoke_credentials',
    { authorization: bearer(token) },
    { access_key: 'APPS' },
  );
  t.is(refused.code, '400/301');
  await first.server.close();
  const second = await configuredServer(t, files('two'), { folder });
  t.is((await second.send('auth.login', { authorization: basic('APPS', 'one') })).code, '401/22');
  t.truthy(await second.token(basic('APPS', 'two')));
});

test('administrators make, change and remove users; others do not', async (t) => {
  const { send, token } = await configuredServer(t, { 'apiserver.conf': USERS });
  const jane = { authorization: bearer(await token(basic('jane', '12345678'))) };
  const john = { authorization: bearer(await token(basic('john', 'geheimniß'))) };
  const { company } = ((await send('users.get_all', jane)).data.users as { company: string }[])[0] ?? {};
  const ann = { name: 'Ann', company, email: 'ann@example.com', username: 'ann', password: 'p'.repeat(12) };
  t.is((await send('auth.create_user', john, ann)).code, '403/20');
  t.is((await send('auth.create_user', jane, { ...ann, company: 'other' })).code, '400/10');
  t.is((await send('auth.create_user', jane, { ...ann, password: 'p'.repeat(73) })).code, '400/16');
  t.is((await send('auth.create_user', jane, { ...ann, username: 'john' })).code, '400/801');
  const { id } = (await send('auth.create_user', jane, ann)).data;
  const hers = bearer(await token(basic('ann', ann.password)));
  t.is((await send('auth.edit_user', jane, { user: id, password: 'another one' })).code, '200/0');
  t.is((await send('auth.login', { authorization: basic('ann', ann.password) })).code, '401/22');
  t.truthy(await token(basic('ann', 'another one')));
  t.is((await send('auth.edit_user', john, { user: id, role: 'admin' })).code, '403/20');
  t.is((await send('users.update', john, { user: id, name: 'Other' })).code, '403/20');
  t.is((await send('auth.get_credentials', john, { user: id })).code, '403/20');
  t.is((await send('auth.delete_user', john, { user: id })).code, '403/20');
  t.is((await send('auth.delete_user', jane, { user: id })).code, '200/0');
  t.is((await send('users.get_current_user', { authorization: hers })).code, '401/30');
  t.is((await send('auth.login', { authorization: basic('ann', 'another one') })).code, '401/22');
});

test('a guest logs in with the password that everybody may know, and only reads', async (t) => {
  const { send, token } = await configuredServer(t, {
    'apiserver.conf': USERS,
    'services.conf': 'auth.fixed_users.guest { enabled: true, name: "Visitor" }',
  });
  const { guest } = (await send('auth.fixed_users_mode', {})).data as { guest: Record<string, string> };
  t.deepEqual({ ...guest }, {
    enabled: true,
    name: 'Visitor',
    username: 'guest',
    password: 'guest',
  } as never);
  const password = basic('guest', 'guest');
  t.is((await send('tasks.get_all', { authorization: password })).code, '401/22');
  const authorization = bearer(await token(password));
  t.is((await send('tasks.get_all', { authorization })).code, '200/0');
  for (const endpoint of [
    'tasks.create',
    'queues.get_next_task',
    'auth.create_credentials',
    'tasks.delete_many',
    'storage.get_settings',
  ])
    t.is((await send(endpoint, { authorization })).code, '403/20', endpoint);
});

test('wrong passwords are limited by account and by address', async (t) => {
  const clock = { now: Date.now() };
  const limits = 'auth.login_limits { per_account: 3, per_address: 5, window_sec: 60 }';
  const { send, token } = await configuredServer(
    t,
    { 'apiserver.conf': `${USERS}\n${limits}` },
    { now: () => clock.now },
  );
  const attempt = async (name: string, password: string) =>
    (await send('auth.login', { authorization: basic(name, password) })).code;
  for (let i = 0; i < 3; i += 1) t.is(await attempt('jane', 'wrong'), '401/22');
  t.is(await attempt('jane', '12345678'), '429/0');
  t.truthy(await token(basic('john', 'geheimniß')));
  t.is(await attempt('nobody', 'wrong'), '401/22');
  t.is(await attempt('nobody else', 'wrong'), '401/22');
  t.is(await attempt('john', 'geheimniß'), '429/0');
  clock.now += 61_000;
  t.truthy(await token(basic('jane', '12345678')));
});

test('wrong key pairs hold up nobody', async (t) => {
  const { send, token } = await configuredServer(t, {
    'apiserver.conf': `${USERS}\nauth.login_limits { per_account: 1, per_address: 1 }`,
  });
  for (let i = 0; i < 3; i += 1)
    t.is(
      (await send('auth.login', { authorization: basic('0123456789ABCDEF01234567', 'x') })).code,
      '401/22',
    );
  t.truthy(await token(basic('jane', '12345678')));
});
