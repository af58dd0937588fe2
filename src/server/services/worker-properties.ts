import { ApiError } from '../api-error.js';
import type { Call, EndpointTable } from '../call.js';
import { asText, type JsonObject } from '../json.js';

/** Values that are set on a worker from outside, such as `force: off` to stop it from pulling. */
export const workerPropertyEndpoints: EndpointTable = {
  'workers.get_runtime_properties': { handler: getProperties, required: ['worker'] },
  'workers.set_runtime_properties': { handler: setProperties, required: ['worker', 'runtime_properties'] },
};

/** `expiry` is the remaining life in seconds, null for none. */
function getProperties({ server, params, identity }: Call): JsonObject {
  const sql = `SELECT key, value, expires FROM worker_properties
    WHERE user = ? AND worker = ? AND (expires IS NULL OR expires > ?) ORDER BY key`;
  const rows = server.database.all(sql, identity.user, params.text('worker'), server.now());
  const listed = rows.map(({ key, value, expires }) => ({
    key: String(key),
    value: String(value),
    expiry: typeof expires === 'number' ? Math.ceil((expires - server.now()) / 1000) : null,
  }));
  return { runtime_properties: listed };
}

/** An empty value removes a property. */
function setProperties({ server, params, identity }: Call): JsonObject {
  const worker = params.text('worker');
  const added: string[] = [];
  for (const property of params.objects('runtime_properties')) {
    const key = asText(property.key);
    if (key === undefined)
      throw new ApiError('validation_error', { field: 'runtime_properties' }, 'a key is missing');
    const value = property.value === undefined || property.value === null ? '' : String(property.value);
    server.database.run(
      'DELETE FROM worker_properties WHERE user = ? AND worker = ? AND key = ?',
      identity.user,
      worker,
      key,
    );
    if (value === '') continue;
    const seconds = typeof property.expiry === 'number' && property.expiry > 0 ? property.expiry : undefined;
    server.database.run(
      'INSERT INTO worker_properties (user, worker, key, value, expires) VALUES (?, ?, ?, ?, ?)',
      identity.user,
      worker,
      key,
      value,
      seconds === undefined ? null : server.now() + seconds * 1000,
    );
    added.push(key);
  }
  return { added, errors: [] };
}
