/** Who the agent is for the server and what the server can do, as its token says; the signature is not checked. */
export interface TokenClaims {
  /** Seconds since 1970, by the server's clock. */
  issuedAt?: number;
  expiresAt?: number;
  /** Version of the API, `2.34`. */
  apiVersion: string;
  serverVersion?: string;
  /** `basic` for the open-source server. */
  featureSet: string;
  user?: string;
  userName?: string;
  company?: string;
  role?: string;
  /** Above 1 for service accounts that may log in as other users. */
  serviceAccountType?: number;
  tenant?: string;
  /** Longest wait of `queues.wait_for_tasks`, seconds, on servers that have it. */
  queueWaitSeconds?: number;
  /** What identity providers say about the user. */
  providers?: Record<string, unknown>;
}

/** What servers older than the claim speak. */
const OLDEST_API_VERSION = '2.1';
const OLD_PRODUCTION_API_VERSION = '2.2';

/** Reads a token; one that is not a JWT has no claims, which is no error. */
export function readClaims(token: string): TokenClaims {
  const payload = decodePayload(token);
  const identity = record(payload.identity);
  const fallback = payload.env === 'prod' ? OLD_PRODUCTION_API_VERSION : OLDEST_API_VERSION;
  return {
    ...optional('issuedAt', finite(payload.iat)),
    ...optional('expiresAt', finite(payload.exp)),
    apiVersion: text(payload.api_version) ?? fallback,
    ...optional('serverVersion', text(payload.server_version)),
    featureSet: text(payload.feature_set) ?? 'basic',
    ...optional('user', text(identity.user)),
    ...optional('userName', text(identity.user_name)),
    ...optional('company', text(identity.company)),
    ...optional('role', text(identity.role)),
    ...optional('serviceAccountType', finite(identity.service_account_type)),
    ...optional('queueWaitSeconds', finite(payload.queue_wait_sec)),
    ...optional('tenant', text(payload.tenant)),
    ...('providers_info' in payload ? { providers: record(payload.providers_info) } : {}),
  };
}

/** Compares dotted numbers: negative when `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let part = 0; part < Math.max(left?.length ?? 0, right?.length ?? 0); part += 1) {
    const difference = (left?.[part] ?? 0) - (right?.[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function decodePayload(token: string): Record<string, unknown> {
  try {
    return record(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')));
  } catch {
    return {};
  }
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function optional<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>);
}
