import type { ExecutionContext } from 'ava';
import type { JsonObject } from '../../src/server/json.js';
import { type EmbeddedServer, type ServerOptions, startServer } from '../../src/server/server.js';
import { temporaryFolder } from './temporary-folder.js';

/** A server in a folder of this test's own, and how to talk to it. */
export interface ServerUnderTest {
  server: EmbeddedServer;
  folder: string;
  /** Calls an endpoint that must succeed; answers its `data`. */
  call<T = JsonObject>(endpoint: string, body?: unknown): Promise<T>;
  /** Calls an endpoint that must refuse; answers `status/subcode`. */
  refusal(endpoint: string, body?: unknown): Promise<string>;
}

interface Envelope {
  meta: { result_code: number; result_subcode: number; result_msg: string };
  data: unknown;
}

export async function serverUnderTest(
  t: ExecutionContext,
  options: Partial<ServerOptions> = {},
): Promise<ServerUnderTest> {
  const folder = options.folder ?? temporaryFolder(t);
  const failures: unknown[] = [];
  const server = await startServer({ ...options, folder, onFailure: (error) => failures.push(error) });
  t.teardown(async () => {
    await server.close();
    if (failures.length > 0) throw new Error(`the server met errors of its own: ${failures.join('; ')}`);
  });
  return { server, folder, ...clientOf(server) };
}

/** Talks to a server with its first key pair, as curl would. */
export function clientOf(
  server: Pick<EmbeddedServer, 'url' | 'credentials'>,
): Pick<ServerUnderTest, 'call' | 'refusal'> {
  const { accessKey, secretKey } = server.credentials;
  const authorization = `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}`;
  const send = async (endpoint: string, body: unknown): Promise<Envelope> => {
    const isBatch = Array.isArray(body);
    const response = await fetch(`${server.url}/${endpoint}`, {
      method: 'POST',
      headers: { authorization, 'content-type': isBatch ? 'application/json-lines' : 'application/json' },
      body: isBatch ? body.map((item) => JSON.stringify(item)).join('\n') : JSON.stringify(body),
    });
    return (await response.json()) as Envelope;
  };
  return {
    async call<T>(endpoint: string, body: unknown = {}) {
      const { meta, data } = await send(endpoint, body);
      if (meta.result_code !== 200)
        throw new Error(`${endpoint}: ${meta.result_code}/${meta.result_subcode} ${meta.result_msg}`);
      return data as T;
    },
    async refusal(endpoint, body = {}) {
      const { meta } = await send(endpoint, body);
      return `${meta.result_code}/${meta.result_subcode}`;
    },
  };
}
