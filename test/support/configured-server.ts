import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { loadServerConfig } from '../../src/server/config/load-config.js';
import type { ServerOptions } from '../../src/server/server.js';
import { type ServerUnderTest, serverUnderTest } from './embedded-server.js';
import { temporaryFolder } from './temporary-folder.js';

export interface Answered {
  /** Status and subcode, such as `401/22`; `200/0` of a call that succeeds. */
  code: string;
  data: Record<string, unknown>;
  message: string;
  headers: Headers;
}

export interface ConfiguredServer extends ServerUnderTest {
  /** Calls an endpoint with these headers. */
  send(endpoint: string, headers: Record<string, string>, body?: unknown, method?: string): Promise<Answered>;
  /** The token of a log-in; throws where it is refused. */
  token(authorization: string, headers?: Record<string, string>): Promise<string>;
}

/** A configuration folder with these files. */
export function configurationFolder(t: ExecutionContext, files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder(t);
  for (const [name, text] of Object.entries(files))
    writeFileSync(path.join(folder, name), text, { mode: 0o600 });
  return folder;
}

/** A server with these configuration files. */
export async function configuredServer(
  t: ExecutionContext,
  files: Readonly<Record<string, string>>,
  options: Partial<ServerOptions> = {},
): Promise<ConfiguredServer> {
  const config = loadServerConfig({ env: { CLEARML_CONFIG_DIR: configurationFolder(t, files) } });
  const under = await serverUnderTest(t, { config, ...options });
  const send: ConfiguredServer['send'] = async (endpoint, headers, body = {}, method = 'POST') => {
    const response = await fetch(`${under.server.url}/${endpoint}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
    });
    const { meta, data } = (await response.json()) as {
      meta: { result_code: number; result_subcode: number; result_msg: string };
      data: Record<string, unknown>;
    };
    const code = `${meta.result_code}/${meta.result_subcode}`;
    return { code, data, message: meta.result_msg, headers: response.headers };
  };
  return {
    ...under,
    send,
    token: async (authorization, headers = {}) => {
      const { code, data, message } = await send('auth.login', { authorization, ...headers });
      if (code !== '200/0') throw new Error(`${code} ${message}`);
      return String(data.token);
    },
  };
}

export function basic(name: string, secret: string): string {
  return `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;
}

export function bearer(token: string): string {
  return `Bearer ${token}`;
}
