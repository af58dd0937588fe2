import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseHocon } from '../../config/hocon/parse-hocon.js';
import { AgentError } from '../../errors.js';
import { visibleJson, visibleText } from '../../logs/visible-text.js';
import { readProblem } from '../../os/files.js';
import { askServer } from '../../server/ask-server.js';
import { asObjects, type JsonObject } from '../../server/json.js';
import { renderTable } from '../table.js';
import { tell, type UsersAction, userNamed } from './users.js';

const ACTIONS: Readonly<Record<string, (action: UsersAction, argument: string) => Promise<number>>> = {
  add,
  show,
  remove,
};

/** `agent server vaults list|add|show|remove`: of one user with `--user`, else those for everybody. */
export async function vaults(action: UsersAction): Promise<number> {
  const [, word = 'list', argument, ...more] = action.context.positionals;
  if (more.length > 0) throw new AgentError('USAGE', `server vaults: one word too many: "${more[0]}"`);
  if (word === 'list' && argument === undefined) return list(action);
  const run = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined;
  if (run === undefined)
    throw new AgentError('USAGE', `server vaults takes list, add, show or remove, got "${word}"`);
  if (argument === undefined)
    throw new AgentError('USAGE', `server vaults ${word} takes ${word === 'add' ? 'a file' : 'an id'}`);
  return run(action, argument);
}

async function list(action: UsersAction): Promise<number> {
  const all = await listed(action);
  const { options, stdout } = action.context;
  if (options.json === true) {
    // Their texts may hold secrets; "show" prints one.
    const rows = all.map(({ data: _data, ...facts }) => facts);
    stdout.write(`${visibleJson({ vaults: rows })}\n`);
    return 0;
  }
  const rows = all.map(({ id, scope, enabled, description }) => [
    String(id),
    scope === 'company' ? 'everybody' : 'the user',
    enabled === true ? 'yes' : 'no',
    String(description || '-'),
  ]);
  stdout.write(`${renderTable({ headings: ['ID', 'FOR', 'ENABLED', 'LABEL'], rows })}\n`);
  return 0;
}

async function add(action: UsersAction, file: string): Promise<number> {
  const { label, user } = action.context.options;
  const body = {
    type: 'config',
    enabled: true,
    data: await configurationText(path.resolve(file)),
    scope: user === undefined ? 'company' : 'user',
    ...(label === undefined ? {} : { description: String(label) }),
  };
  const { id = '' } = await ask(action, 'users.create_vault', body);
  tell(action.context, { id }, `Added the vault ${id} from ${file}`);
  return 0;
}

/** @throws AgentError USAGE for a file that cannot be read, CONFIG_SYNTAX for one that agents cannot read */
async function configurationText(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new AgentError('USAGE', `cannot read ${file}: ${readProblem(error)}`, { cause: error });
  });
  parseHocon(text, { file, env: {} });
  return text;
}

async function show(action: UsersAction, id: string): Promise<number> {
  const found = (await listed(action)).find((vault) => vault.id === id);
  if (found === undefined) throw noVault(id);
  const { options, stdout } = action.context;
  const text = visibleText(String(found.data));
  stdout.write(options.json === true ? `${visibleJson(found)}\n` : `${text.replace(/\n$/, '')}\n`);
  return 0;
}

async function remove(action: UsersAction, id: string): Promise<number> {
  if (!(await listed(action)).some((vault) => vault.id === id)) throw noVault(id);
  await ask(action, 'users.delete_vault', { vault: id });
  tell(action.context, { id, removed: true }, `Removed the vault ${id}`);
  return 0;
}

function noVault(id: string): AgentError {
  return new AgentError('SERVER_USERS', `there is no vault "${id}"`, {
    hint: 'agent server vaults list shows those for everybody, --user NAME those of a user too.',
  });
}

async function listed(action: UsersAction): Promise<JsonObject[]> {
  return asObjects((await ask(action, 'users.get_vaults', {})).vaults);
}

/** With the rights of the user of `--user`, else of the owner of the folder. */
async function ask(
  { context, folder }: UsersAction,
  endpoint: string,
  body: JsonObject,
): Promise<JsonObject> {
  const { user } = context.options;
  const as = user === undefined ? {} : { user: (await userNamed(folder, String(user))).id };
  return askServer(folder, { endpoint, body, ...as });
}
