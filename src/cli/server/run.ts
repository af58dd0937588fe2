import path from 'node:path';
import { AgentError } from '../../errors.js';
import { visibleText } from '../../logs/visible-text.js';
import { checkAccountSettings } from '../../server/auth/open-accounts.js';
import type { CommandContext } from '../command.js';
import { ACTIONS, type ActionName, GROUPS } from './actions.js';
import { configSources } from './config-sources.js';
import { serve } from './serve.js';
import { configOf } from './server-config.js';
import { serverOptions } from './server-options.js';

/** Flags of actions; without an action, all others are for the server. */
const FLAGS_OF: Readonly<Record<string, readonly ActionName[]>> = {
  files: ['backup'],
  every: ['backup'],
  keep: ['backup'],
  replace: ['restore'],
  name: ['users'],
  admin: ['users'],
  role: ['credentials'],
  label: ['credentials', 'vaults'],
  user: ['vaults'],
  json: ['users', 'credentials', 'vaults'],
};
/** What an action needs to find the server's data or the server. */
const SHARED: readonly string[] = ['folder'];
/** Where the server listens: for the server, and for those who ask it. */
const ADDRESSES: readonly string[] = ['host', 'port', 'onePort', 'tlsCert', 'tlsKey'];

/** `agent server [action]` */
export async function runServerCommand(context: CommandContext): Promise<number> {
  const [word, file, ...more] = context.positionals;
  const action = Object.keys(ACTIONS).find((name): name is ActionName => name === word);
  if (word !== undefined && action === undefined)
    throw new AgentError('USAGE', `server takes one of ${Object.keys(ACTIONS).join(', ')}, got "${word}"`);
  requireFlags(context.options, action);
  if (more.length > 0 && (action === undefined || !(action in GROUPS)))
    throw new AgentError('USAGE', `server ${word}: one word too many: "${more[0]}"`);
  const { folder: given } = context.options;
  const folder = path.resolve(
    typeof given === 'string' ? given : path.join(context.home, '.clearml', 'server'),
  );
  if (action !== undefined) return ACTIONS[action]({ context, folder, file });
  if (context.options.configSources !== true) return serve(context, folder);
  const config = configOf(context);
  context.stdout.write(visibleText(configSources(config)));
  // The values are shown first: they say where a wrong one comes from.
  serverOptions(config);
  checkAccountSettings(config);
  return 0;
}

/** @throws AgentError USAGE for a flag without effect */
function requireFlags(options: CommandContext['options'], action: ActionName | undefined): void {
  for (const [name, value] of Object.entries(options)) {
    // `--no-print-conf` is there as true without the flag.
    if (value === undefined || SHARED.includes(name) || (name === 'printConf' && value === true)) continue;
    if (action === 'health' && ADDRESSES.includes(name)) continue;
    if (action === 'link' && name === 'open') continue;
    const actions = FLAGS_OF[name];
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    if (actions === undefined && action !== undefined)
      throw new AgentError('USAGE', `server ${action} does not take ${flag}`);
    if (actions !== undefined && (action === undefined || !actions.includes(action)))
      throw new AgentError('USAGE', `${flag} is for server ${actions.join(', ')}`);
  }
}
