import { Readable, Writable } from 'node:stream';
import type { ApiClient } from '../../api/client.js';
import { isApiError } from '../../api/errors.js';
import type { ConfigTree } from '../../config/config.js';
import { connect } from '../../daemon/connect.js';
import { AgentError } from '../../errors.js';
import { createLogger } from '../../logs/logger.js';
import { Redactor } from '../../secrets/redactor.js';
import { type CommandContext, warnerOf } from '../command.js';
import { LineReader } from '../init/line-reader.js';
import { TerminalAsker } from '../init/terminal-asker.js';
import { requireReady, sessionConfig } from '../session.js';

/** Runs an action with a client of the server that the flags, variables or `clearml.conf` name. */
export async function withServer(
  context: CommandContext,
  action: (client: ApiClient) => Promise<number>,
): Promise<number> {
  const config = sessionConfig(context, await serverFlags(context));
  requireReady(config);
  const logger = createLogger({ stream: context.stderr, redactor: new Redactor() });
  const { client } = await connect({ config, logger, wait: false });
  try {
    return await action(client);
  } catch (error) {
    if (isApiError(error, 403))
      throw new AgentError(
        'API_CREDENTIALS',
        'expected the keys of an administrator, the server does not let these change applications',
      );
    if (isApiError(error, 404))
      throw new AgentError(
        'API_REFUSED',
        `${client.server} has no custom applications; the embedded server ("agent server") has`,
      );
    throw error;
  } finally {
    client.close();
  }
}

/** The flags as the part of `clearml.conf` that they stand for. */
async function serverFlags(context: CommandContext): Promise<ConfigTree> {
  const { host, user } = context.options;
  const secret = await secretOf(context);
  const credentials: ConfigTree = {
    ...(typeof user === 'string' ? { access_key: user } : {}),
    ...(secret === undefined ? {} : { secret_key: secret }),
  };
  const api: ConfigTree = {
    ...(typeof host === 'string' ? { api_server: host } : {}),
    ...(Object.keys(credentials).length > 0 ? { credentials } : {}),
  };
  return Object.keys(api).length > 0 ? { api } : {};
}

/** With a user of its own the secret comes from the flag, the variable or the input. */
async function secretOf(context: CommandContext): Promise<string | undefined> {
  const { user, password } = context.options;
  if (typeof password === 'string' && password !== '-') {
    warnerOf(context)(
      '--password shows the secret in the list of processes; "--password -" reads it from the input',
    );
    return password;
  }
  const isAsked = password === '-' || (typeof user === 'string' && !context.env.CLEARML_API_SECRET_KEY);
  return isAsked ? readSecret(context) : undefined;
}

async function readSecret({ stdin, stdout }: CommandContext): Promise<string> {
  if (stdin.isTTY && stdout.isTTY && stdin instanceof Readable && stdout instanceof Writable) {
    const asker = new TerminalAsker({ input: stdin, output: stdout });
    return asker.text({ message: 'Secret key', secret: true });
  }
  const reader = new LineReader({ input: stdin });
  const line = (await reader.next())?.trim();
  reader.close();
  if (line !== undefined && line !== '') return line;
  throw new AgentError('USAGE', 'expected the secret key on the first line of the input, found none', {
    hint: 'Give it there, in CLEARML_API_SECRET_KEY or in clearml.conf.',
  });
}
