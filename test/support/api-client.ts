import { ApiClient, type ApiClientOptions } from '../../src/api/client.js';
import { Transport, type TransportOptions } from '../../src/api/transport.js';

export interface TestClient {
  client: ApiClient;
  /** What the client said about the server. */
  said: string[];
}

/** A client with short waits, for servers of a test. */
export function apiClientFor(
  server: string,
  options: Partial<ApiClientOptions> = {},
  transport: Partial<TransportOptions> = {},
): TestClient {
  const said: string[] = [];
  const tls = { rejectUnauthorized: true, minVersion: 'TLSv1.2' as const };
  const client = new ApiClient({
    server,
    credentials: { accessKey: 'KEY', secretKey: 'SECRET' },
    transport: new Transport({ tls: () => tls, env: {}, ...transport }),
    hostName: 'host1',
    defaultMethod: 'get',
    retry: { backoff: { baseMs: 50, capMs: 300, floorMs: 10 }, boundedRetries: 3, extraStatuses: [] },
    tokenThresholdSeconds: 43_200,
    notices: { info: (line) => said.push(`info ${line}`), warn: (line) => said.push(`warn ${line}`) },
    ...options,
  });
  return { client, said };
}
