import { Readable, Writable } from 'node:stream';
import { AgentError } from '../../errors.js';
import { visibleJson } from '../../logs/visible-text.js';
import { askServer } from '../../server/ask-server.js';
import { asObjects, type JsonObject } from '../../server/json.js';
import type { CommandContext } from '../command.js';
import { LineReader } from '../init/line-reader.js';
import { TerminalAsker } from '../init/terminal-asker.js';
import { renderTable } from '../table.js';

export interface UsersAction {
  context: CommandContext;
  /** Of the server's data. */
  folder: string;
}

/** A user as the server lists it. */
export interface ListedUser extends JsonObject {
  id: string;
  name: string;
  role: string;
  company: string;
  username?: string;
  configured: boolean;
}

const ACTIONS: Readonly<Record<string, (action: UsersAction, name: string) => Promise<number>>> = {
  add,
  remove,
  password,
};

/** `agent server users add|list|remove|password` */
export async function users(action: UsersAction): Promise<number> {
  const [, word = 'list', name, ...more] = action.context.positionals;
  if (more.length > 0) throw new AgentError('USAGE', `server users: one word too many: "${more[0]}"`);
  if (word === 'list' && name === undefined) return list(action);
  const run = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined;
  if (run === undefined)
    throw new AgentError('USAGE', `server users takes list, add, remove or password, got "${word}"`);
  if (name === undefined) throw new AgentError('USAGE', `server users ${word} takes the name of a user`);
  return run(action, name);
}

async function list({ context, folder }: UsersAction): Promise<number> {
  const all = await listedUsers(folder);
  if (context.options.json === true) {
    context.stdout.write(`${visibleJson({ users: all })}\n`);
    return 0;
  }
  const rows = all.map((user) => [
    user.username ?? '-',
    user.name,
    user.disabled === true ? `${user.role}, disabled` : user.role,
    user.configured ? 'configuration' : 'server',
    String(asObjects(user.credentials).length),
    user.id,
  ]);
  const headings = ['USER', 'NAME', 'ROLE', 'FROM', 'KEYS', 'ID'];
  context.stdout.write(`${renderTable({ headings, rows })}\n`);
  return 0;
}

async function add({ context, folder }: UsersAction, username: string): Promise<number> {
  const all = await listedUsers(folder);
  if (all.some((user) => user.username === username))
    throw new AgentError('SERVER_USERS', `there is a user "${username}" already`, {
      hint: `agent server users password ${username} changes the password.`,
    });
  const [first] = all;
  const { name = username, admin = false } = context.options;
  const body = {
    username,
    password: await readPassword(context, username),
    name: String(name),
    company: first?.company ?? '',
    email: `${username}@localhost`,
    role: admin === true ? 'admin' : 'user',
  };
  const { id } = await askServer(folder, { endpoint: 'auth.create_user', body });
  tell(context, { id, username, role: body.role }, `Added the user ${username}`);
  return 0;
}

async function password({ context, folder }: UsersAction, name: string): Promise<number> {
  const user = await userNamed(folder, name);
  const body = {
    user: user.id,
    username: user.username ?? name,
    password: await readPassword(context, name),
  };
  await askServer(folder, { endpoint: 'auth.edit_user', body });
  tell(context, { id: user.id, username: body.username }, `Changed the password of ${name}`);
  return 0;
}

async function remove({ context, folder }: UsersAction, name: string): Promise<number> {
  const user = await userNamed(folder, name);
  await askServer(folder, { endpoint: 'auth.delete_user', body: { user: user.id } });
  tell(context, { id: user.id, removed: true }, `Removed the user ${name}; tasks keep the id ${user.id}`);
  return 0;
}

/** Prints what was done, for people or for programs. */
export function tell({ options, stdout }: CommandContext, facts: JsonObject, text: string): void {
  stdout.write(options.json === true ? `${visibleJson(facts)}\n` : `${text}\n`);
}

export async function listedUsers(folder: string): Promise<ListedUser[]> {
  const { users: all } = await askServer(folder, { endpoint: 'auth.get_users', body: {} });
  return asObjects(all) as ListedUser[];
}

/** The user with this name to log in with, id or full name. @throws AgentError SERVER_USERS */
export async function userNamed(folder: string, name: string): Promise<ListedUser> {
  const all = await listedUsers(folder);
  for (const field of ['username', 'id', 'name'] as const) {
    const [found, ...others] = all.filter((user) => user[field] === name);
    if (found !== undefined && others.length === 0) return found;
  }
  throw new AgentError('SERVER_USERS', `there is no user "${name}", or more than one`, {
    hint: 'agent server users list shows all of them.',
  });
}

/** From a terminal without showing it, else the first line of the input; never from the command line. */
async function readPassword({ stdin, stdout }: CommandContext, name: string): Promise<string> {
  if (stdin.isTTY && stdout.isTTY && stdin instanceof Readable && stdout instanceof Writable) {
    const asker = new TerminalAsker({ input: stdin, output: stdout });
    return asker.text({ message: `Password of ${name}`, secret: true });
  }
  const reader = new LineReader({ input: stdin });
  const line = await reader.next();
  reader.close();
  if (line !== undefined && line !== '') return line;
  throw new AgentError('USAGE', 'expected the password on the first line of the input, found none', {
    hint: `Such as: agent server users add ${name} < password.txt`,
  });
}
