import type { Config } from '../config/config.js';
import type { VariableName } from '../config/options/option-types.js';
import { booleanWord } from '../config/words.js';
import { AgentError } from '../errors.js';
import type { Notices } from './availability.js';
import { ApiClient } from './client.js';
import type { Credentials } from './login.js';
import type { RetryPolicy } from './retry.js';
import { type HttpMethod, Transport } from './transport.js';
import { type NamedPath, readTrust, type TlsSettings, type TrustRequest } from './trust.js';

export interface ConnectionSettings {
  server: string;
  credentials: Credentials;
  trust: TrustRequest;
  defaultMethod: HttpMethod;
  retry: RetryPolicy;
  tokenThresholdSeconds: number;
  tokenLifeSeconds?: number;
  maxApiVersion?: string;
}

export interface ConnectOptions {
  hostName: string;
  notices: Notices;
  onToken?(token: string): void;
}

/**
 * The client that a configuration describes; it connects at its first call.
 *
 * @throws AgentError CONFIG_MISSING, CONFIG_VALUE, CONFIG_FILE
 */
export function createApiClient(config: Config, options: ConnectOptions): ApiClient {
  const { trust, ...settings } = connectionSettings(config);
  const transport = new Transport({ tls: trustFor(settings.server, trust), env: config.env });
  return new ApiClient({ ...settings, ...options, transport });
}

/**
 * A bundle of authorities that cannot be read is an error at once for an encrypted server. For another one it is read when
 * a file server needs it: its texts are 0.3 MB.
 */
function trustFor(server: string, trust: TrustRequest): () => TlsSettings {
  if (new URL(server).protocol !== 'https:') return () => readTrust(trust);
  const tls = readTrust(trust);
  return () => tls;
}

/** What the configuration and its environment say about the connection to the API server. */
export function connectionSettings(config: Config): ConnectionSettings {
  const tokenLife = config.api.auth.requestTokenExpirationSec;
  const maxApiVersion = readMaxVersion(config);
  return {
    server: readServer(config),
    credentials: readCredentials(config),
    trust: readTrustRequest(config),
    defaultMethod: config.api.http.defaultMethod,
    retry: readRetryPolicy(config),
    tokenThresholdSeconds: config.api.auth.tokenExpirationThresholdSec,
    ...(tokenLife ? { tokenLifeSeconds: tokenLife } : {}),
    ...(maxApiVersion ? { maxApiVersion } : {}),
  };
}

function readMaxVersion(config: Config): string | undefined {
  const name = 'CLEARML_AGENT_FORCE_MAX_API_VERSION';
  const text = config.variable(name)?.trim();
  if (text === undefined || /^\d+(\.\d+)*$/.test(text)) return text;
  throw new AgentError('CONFIG_VALUE', `${name}: expected a version such as 2.23, found "${text}"`);
}

function readServer(config: Config): string {
  const text = config.api.apiServer;
  if (text === undefined) {
    throw new AgentError('CONFIG_MISSING', 'api.api_server is not set: no API server to talk to', {
      hint: 'Set CLEARML_API_HOST, or api.api_server in ~/clearml.conf.',
    });
  }
  return text.trim().replace(/\/+$/, '');
}

function readCredentials(config: Config): Credentials {
  const token = config.variable('CLEARML_AUTH_TOKEN');
  const accessKey = config.api.credentials.accessKey;
  const secretKey = config.api.credentials.secretKey;
  if (token !== undefined) return { token };
  if (accessKey !== undefined && secretKey !== undefined) return { accessKey, secretKey };
  const missing = accessKey === undefined ? 'access_key' : 'secret_key';
  throw new AgentError(
    'CONFIG_MISSING',
    `api.credentials.${missing} is not set: no credentials for the API server`,
    {
      hint: 'Set CLEARML_API_ACCESS_KEY and CLEARML_API_SECRET_KEY, or api.credentials in ~/clearml.conf.',
    },
  );
}

/** Connect attempts at the start that the original makes besides the first. */
const FIRST_CONTACT_RETRIES = 4;
/** Waits are a random part of a bound, so the original's first bound of 2 s becomes one of the same mean. */
const BASE_MS = 1000;
const FLOOR_MS = 100;

function readRetryPolicy(config: Config): RetryPolicy {
  const factor = config.api.http.retries.backoffFactor;
  const longest = config.api.http.retries.backoffMax;
  return {
    backoff: { baseMs: BASE_MS * factor, capMs: longest * 1000, floorMs: FLOOR_MS },
    boundedRetries: readFirstContactRetries(config),
    extraStatuses: (config.variable('CLEARML_API_EXTRA_RETRY_CODES') ?? '').match(/\d+/g)?.map(Number) ?? [],
  };
}

/** The variable is a count or a boolean; with `false`, the first contact is retried like any other call. */
function readFirstContactRetries(config: Config): number {
  const text = config.variable('CLEARML_AGENT_INITIAL_CONNECT_RETRY_OVERRIDE') ?? 'true';
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  if (booleanWord(text) !== false) return FIRST_CONTACT_RETRIES;
  return config.api.http.retries.total;
}

/** Variables that Python's HTTP library reads, which users of the original have set; they win over the file. */
const AUTHORITY_VARIABLES = ['REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'] as const;

function readTrustRequest(config: Config): TrustRequest {
  const wish = readVerification(config);
  const fromVariable = AUTHORITY_VARIABLES.map((name) => fromEnvironment(config, name)).find(Boolean);
  const authorities = fromVariable ?? wish.authorities ?? fromEnvironment(config, 'SSL_CERT_FILE');
  const certificate = named(config.api.clientCertificate, 'api.client_certificate');
  const key = named(config.api.clientKey, 'api.client_key');
  return {
    verify: wish.verify,
    ...(authorities ? { authorities } : {}),
    ...(certificate ? { certificate } : {}),
    ...(key ? { key } : {}),
  };
}

function readVerification(config: Config): Pick<TrustRequest, 'verify' | 'authorities'> {
  const variable = config.variable('CLEARML_API_HOST_VERIFY_CERT');
  const setting = variable === undefined ? 'api.verify_certificate' : 'CLEARML_API_HOST_VERIFY_CERT';
  const value = variable ?? config.api.verifyCertificate;
  if (typeof value === 'boolean') return { verify: value };
  const text = String(value).trim();
  const verify = text === '' ? true : booleanWord(text);
  if (verify !== undefined) return { verify };
  return { verify: true, authorities: { path: text, setting } };
}

function fromEnvironment(config: Config, name: VariableName): NamedPath | undefined {
  return named(config.variable(name), name);
}

function named(path: string | undefined, setting: string): NamedPath | undefined {
  return path === undefined ? undefined : { path, setting };
}
