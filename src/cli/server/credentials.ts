import { AgentError } from '../../errors.js';
import { visibleJson } from '../../logs/visible-text.js';
import { askServer } from '../../server/ask-server.js';
import { asObject, asObjects, type JsonObject } from '../../server/json.js';
import { ageText, renderTable } from '../table.js';
import { type ListedUser, listedUsers, tell, type UsersAction, userNamed } from './users.js';

/** `agent server credentials add|list|revoke` */
export async function credentials(action: UsersAction): Promise<number> {
  const [, word = 'list', argument, ...more] = action.context.positionals;
  if (more.length > 0) throw new AgentError('USAGE', `server credentials: one word too many: "${more[0]}"`);
  if (word === 'list') return list(action, argument);
  if (word === 'add') return add(action, argument);
  if (word !== 'revoke')
    throw new AgentError('USAGE', `server credentials takes list, add or revoke, got "${word}"`);
  if (argument === undefined) throw new AgentError('USAGE', 'server credentials revoke takes an access key');
  return revoke(action, argument);
}

async function list({ context, folder }: UsersAction, name: string | undefined): Promise<number> {
  const all = name === undefined ? await listedUsers(folder) : [await userNamed(folder, name)];
  const pairs = all.flatMap((user) =>
    asObjects(user.credentials).map((pair): JsonObject => ({ user: nameOf(user), ...pair })),
  );
  if (context.options.json === true) {
    context.stdout.write(`${visibleJson({ credentials: pairs })}\n`);
    return 0;
  }
  const rows = pairs.map((pair) => [
    String(pair.user),
    String(pair.access_key),
    String(pair.role ?? '-'),
    String(pair.label ?? '-'),
    pair.last_used === undefined ? 'never' : ageText(String(pair.last_used), Date.now()),
    String(pair.last_used_from ?? '-'),
  ]);
  const headings = ['USER', 'ACCESS KEY', 'ROLE', 'LABEL', 'LAST USED', 'FROM'];
  context.stdout.write(`${renderTable({ headings, rows })}\n`);
  return 0;
}

function nameOf(user: ListedUser): string {
  return user.username ?? user.name;
}

/** For the owner of the folder, if no user is named. */
async function add({ context, folder }: UsersAction, name: string | undefined): Promise<number> {
  const { role, label } = context.options;
  const body = {
    ...(name === undefined ? {} : { user: (await userNamed(folder, name)).id }),
    ...(role === undefined ? {} : { role: String(role) }),
    ...(label === undefined ? {} : { label: String(label) }),
  };
  const answer = await askServer(folder, { endpoint: 'auth.create_credentials', body });
  const pair = asObject(answer.credentials);
  const text = `The secret key is shown only now:

api {
  credentials {
    access_key: "${pair.access_key}"
    secret_key: "${pair.secret_key}"
  }
}`;
  tell(context, pair, text);
  return 0;
}

async function revoke({ context, folder }: UsersAction, key: string): Promise<number> {
  const holder = (await listedUsers(folder)).find(({ credentials: pairs }) =>
    asObjects(pairs).some((pair) => pair.access_key === key),
  );
  if (holder === undefined) throw new AgentError('SERVER_USERS', `no user has the access key "${key}"`);
  await askServer(folder, {
    endpoint: 'auth.revoke_credentials',
    body: { user: holder.id, access_key: key },
  });
  tell(context, { access_key: key, revoked: true }, `Revoked ${key} of ${nameOf(holder)}`);
  return 0;
}
