import { hostname } from 'node:os';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import { createApiClient } from '../../api/settings.js';
import { Config, type Environment } from '../../config/config.js';
import { shippedLayer } from '../../config/load.js';
import { AgentError, systemCode } from '../../errors.js';
import { readTextIfThere } from '../../os/files.js';
import { expandHome } from '../../os/paths.js';
import type { CommandContext } from '../command.js';
import { type Asker, Cancelled } from './asker.js';
import { agentSection, newConfigText } from './config-text.js';
import { PipeAsker } from './pipe-asker.js';
import { storeConfig } from './store-config.js';
import { askAgent, askServer } from './wizard.js';

/** As shells have it for a command that Ctrl-C ended. */
const CANCELLED = 130;

/** `agent init`: asks, checks with the server, and only then writes the configuration file. */
export async function runInit(context: CommandContext): Promise<number> {
  const asker = await openAsker(context);
  try {
    asker.say('CLEARML-AGENT setup process\n');
    const { file, text } = await findTarget(context);
    return text.trim() === ''
      ? await create(asker, file, context)
      : await append(asker, file, text, context.home);
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error;
    asker.say('Cancelled: nothing was written.');
    return CANCELLED;
  } finally {
    asker.close();
  }
}

async function openAsker({ stdin, stdout }: CommandContext): Promise<Asker> {
  if (stdin.isTTY && stdout.isTTY && stdin instanceof Readable && stdout instanceof Writable) {
    const { TerminalAsker } = await import('./terminal-asker.js');
    return new TerminalAsker({ input: stdin, output: stdout });
  }
  return new PipeAsker({ input: stdin, output: stdout });
}

/** The file that the agent will read: the one that is named, else the one that exists, else `~/clearml.conf`. */
async function findTarget({ global, env, home }: CommandContext): Promise<{ file: string; text: string }> {
  const named = global.configFile || env.CLEARML_CONFIG_FILE || env.TRAINS_CONFIG_FILE;
  const files = named
    ? [path.resolve(expandHome(named, home))]
    : [path.join(home, 'trains.conf'), path.join(home, 'clearml.conf')];
  for (const file of files) {
    const text = await readExisting(file);
    if (text !== undefined) return { file, text };
  }
  return { file: files.at(-1) ?? '', text: '' };
}

/** A folder in the place of the file is found out about when the file is written. */
async function readExisting(file: string): Promise<string | undefined> {
  try {
    return await readTextIfThere(file);
  } catch (error) {
    if (systemCode(error) === 'EISDIR' || systemCode(error) === 'ELOOP') return undefined;
    throw new AgentError('CONFIG_FILE', `cannot read ${file}: ${systemCode(error) ?? String(error)}`, {
      hint: 'Make the file readable for this user, or name another one with --config-file.',
      cause: error,
    });
  }
}

async function create(asker: Asker, file: string, { env, home }: CommandContext): Promise<number> {
  const server = await askServer({ asker, file, verify: (keys) => verifyCredentials({ ...keys, env }) });
  const agent = await askAgent(asker, hostname());
  const written = await storeConfig(asker, { file, text: newConfigText(server, agent), home });
  asker.say(`\nNew configuration stored in ${written}`);
  asker.say('CLEARML-AGENT setup completed successfully.');
  asker.say('\nNext: "agent doctor" checks this machine, "agent daemon --queue default" begins to work.');
  return 0;
}

/** What is there stays; later lines of the file win over earlier ones. */
async function append(asker: Asker, file: string, before: string, home: string): Promise<number> {
  asker.say(`Configuration file already exists: ${file}`);
  asker.say('Leaving it unchanged. You can append an agent section to it:');
  const choice = await asker.choose({
    message: 'Append an agent section to it?',
    options: [
      { value: 'no', label: 'No', letter: 'n' },
      { value: 'yes', label: 'Yes', letter: 'y' },
    ],
  });
  if (choice === 'no') {
    asker.say('Nothing was written. To do it by hand, see the agent section of clearml.conf.example.');
    return 0;
  }
  const agent = await askAgent(asker, hostname());
  const text = `${before.replace(/\n*$/, '\n\n')}# Added by "agent init"\n${agentSection(agent)}\n`;
  asker.say(`\nThe agent section was added to ${await storeConfig(asker, { file, text, home })}`);
  return 0;
}

interface VerifyRequest {
  api: string;
  accessKey: string;
  secretKey: string;
  env: Environment;
}

/** Variables that would be used instead of what is being checked. */
const CONNECTION_VARIABLE = /^(CLEARML|TRAINS)_(API_HOST|API_ACCESS_KEY|API_SECRET_KEY|AUTH_TOKEN|AGENT__)/;

/**
 * Logs in with keys that are not configured yet.
 *
 * @throws AgentError API_UNREACHABLE, API_CREDENTIALS, API_ANSWER
 */
async function verifyCredentials({ api, accessKey, secretKey, env }: VerifyRequest): Promise<void> {
  const variables = Object.entries(env).filter(([name]) => !CONNECTION_VARIABLE.test(name));
  const tree = { api: { api_server: api, credentials: { access_key: accessKey, secret_key: secretKey } } };
  const config = new Config({
    env: Object.fromEntries(variables),
    base: [shippedLayer(), { tree, source: { kind: 'runtime', name: 'agent init' } }],
  });
  const silent = { info: () => undefined, warn: () => undefined };
  const client = createApiClient(config, { hostName: hostname(), notices: silent });
  try {
    await client.connect({ retry: 'none' });
  } finally {
    client.close();
  }
}
