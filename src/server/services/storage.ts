import { ApiError } from '../api-error.js';
import { isoDate } from '../dates.js';
import { type Call, type CallWith, type EndpointTable, endpoint } from '../endpoint.js';
import { asObject, asObjects, type JsonObject } from '../json.js';
import { flag, listOf, object, oneOf, text, withDefault } from '../schema.js';
import { readSetting, writeSetting } from '../storage/settings.js';

const OWN_CHAIN = { use_credentials_chain: withDefault(flag, false) } as const;
const KEYS = { key: text, secret: text, token: text, region: text } as const;
const BUCKET = object({
  ...KEYS,
  ...OWN_CHAIN,
  bucket: text,
  subdir: text,
  host: text,
  acl: text,
  multipart: withDefault(flag, true),
  secure: withDefault(flag, true),
  verify: withDefault(flag, true),
});
const GOOGLE = { project: text, credentials_json: text } as const;
const CONTAINER = object({ account_name: text, account_key: text, container_name: text });
const SETTINGS = {
  aws: object({ ...KEYS, ...OWN_CHAIN, buckets: listOf(BUCKET) }),
  google: object({ ...GOOGLE, buckets: listOf(object({ ...GOOGLE, bucket: text, subdir: text })) }),
  azure: object({ containers: listOf(CONTAINER) }),
} as const;
const KINDS = ['aws', 'google', 'azure'] as const;

/** Name of the setting in the database. */
const NAME = 'storage';

/** Where clients store their files, and with which credentials. The server itself keeps them for its clients only. */
export const storageEndpoints: EndpointTable = {
  'storage.get_settings': endpoint({}, getSettings),
  'storage.set_settings': endpoint(SETTINGS, setSettings),
  'storage.reset_settings': endpoint({ keys: listOf(oneOf(KINDS)) }, resetSettings),
};

function getSettings({ server }: Call): JsonObject {
  const { aws, google, azure, last_update = null } = readSetting(server.database, NAME);
  return {
    settings: { aws: shownAws(aws), google: shownGoogle(google), azure: shownAzure(azure), last_update },
  };
}

function shownAws(value: JsonObject[string]): JsonObject {
  if (value === undefined)
    return { key: '', secret: '', token: '', region: '', use_credentials_chain: false, buckets: [] };
  const { key = null, secret = null, token = null, region = null, ...rest } = asObject(value);
  const { use_credentials_chain = false, buckets } = rest;
  const usable = asObjects(buckets).filter((each) => (each.key && each.secret) || each.use_credentials_chain);
  return { key, secret, token, region, use_credentials_chain, buckets: usable.map(shownBucket) };
}

const BUCKET_TEXTS = ['bucket', 'subdir', 'host', 'key', 'secret', 'token', 'acl', 'region'] as const;

function shownBucket(bucket: JsonObject): JsonObject {
  const { multipart = true, secure = true, verify = true, use_credentials_chain = false } = bucket;
  const texts = BUCKET_TEXTS.map((name) => [name, bucket[name] ?? '']);
  return {
    ...Object.fromEntries(texts),
    multipart,
    secure,
    verify,
    use_credentials_chain,
    extra_args: null,
    profile: '',
  };
}

function shownGoogle(value: JsonObject[string]): JsonObject {
  const { project = null, credentials_json = null, buckets = [] } = asObject(value);
  return { project, credentials_json, buckets };
}

function shownAzure(value: JsonObject[string]): JsonObject {
  const containers = asObjects(asObject(value).containers);
  return { containers: containers.map((each) => ({ use_default_credential: false, ...each })) };
}

function setSettings({ server, body }: CallWith<typeof SETTINGS>): JsonObject {
  const { aws, google, azure } = body;
  const given = Object.fromEntries(
    Object.entries({ aws, google, azure }).filter(([, value]) => value !== undefined),
  );
  if (Object.keys(given).length === 0)
    throw new ApiError('validation_error', {}, 'expected aws, google or azure');
  assertJson(google?.credentials_json);
  const known = readSetting(server.database, NAME);
  writeSetting(server.database, NAME, { ...known, ...given, last_update: isoDate(server.now()) });
  return { updated: 1 };
}

/** @throws ApiError 400/12 */
function assertJson(credentials: string | undefined): void {
  try {
    if (credentials !== undefined && credentials !== '') JSON.parse(credentials);
  } catch {
    throw new ApiError('validation_error', { field: 'google.credentials_json' }, 'expected JSON');
  }
}

function resetSettings({ server, body }: Call<{ readonly keys?: string[] }>): JsonObject {
  const known = readSetting(server.database, NAME);
  if (Object.keys(known).length === 0) return { updated: 0 };
  const kept = Object.entries(known).filter(([name]) => body.keys?.includes(name) !== true);
  writeSetting(server.database, NAME, { ...Object.fromEntries(kept), last_update: isoDate(server.now()) });
  return { updated: 1 };
}
