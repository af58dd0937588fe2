import { ApiError } from '../api-error.js';
import type { Call } from '../endpoint.js';
import { isObject, type Json, type JsonObject } from '../json.js';

type One<B> = (call: Call<B>, id: string) => JsonObject;
type Many<B> = (call: Call<B & { readonly ids: string[] }>) => JsonObject;

/**
 * A call for many documents at once: each succeeds or fails on its own. Some members of the single answer
 * are flags here, and some are left out.
 */
export function each<B>(
  action: One<B>,
  flags: readonly string[] = [],
  without: readonly string[] = [],
): Many<B> {
  const item = (answer: JsonObject) =>
    Object.fromEntries(
      Object.entries(answer)
        .filter(([name]) => !without.includes(name))
        .map(([name, value]) => [name, flags.includes(name) ? isSet(value) : value]),
    );
  return (call) => {
    const succeeded: JsonObject[] = [];
    const failed: JsonObject[] = [];
    for (const id of call.body.ids) {
      try {
        succeeded.push({ id, ...item(call.server.database.transaction(() => action(call, id))) });
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        const { status, subcode, message, data } = error;
        failed.push({ id, error: { codes: [status, subcode], msg: message, data } });
      }
    }
    return { succeeded, failed };
  };
}

function isSet(value: Json | undefined): boolean {
  return isObject(value) ? Object.keys(value).length > 0 : Boolean(value);
}
