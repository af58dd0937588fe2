import test from 'ava';
import { basic, bearer, configuredServer } from '../../support/configured-server.js';
import { resultIn, sdkHome } from '../../support/sdk-script.js';

const USERS = `auth.fixed_users { enabled: true, users: [
  { username: "jane", password: "12345678", name: "Jane" }
  { username: "john", password: "87654321", name: "John" }
] }`;

test('the official SDK works as two users, each with keys of their own', async (t) => {
  const { server, send, token } = await configuredServer(t, { 'apiserver.conf': USERS });
  const asUser = async (name: string, password: string) => {
    const authorization = bearer(await token(basic(name, password)));
    const { data } = await send('auth.create_credentials', { authorization });
    const { access_key = '', secret_key = '' } = data.credentials as Record<string, string>;
    const home = await sdkHome(t, {
      ...server,
      credentials: { accessKey: access_key, secretKey: secret_key },
    });
    return resultIn(await home.run('tasks_of_users', name));
  };
  t.deepEqual(await asUser('jane', '12345678'), { own: ['of jane'], all: ['of jane'] });
  t.deepEqual(await asUser('john', '87654321'), {
    own: ['of john'],
    all: ['of jane', 'of john'],
  });
});
