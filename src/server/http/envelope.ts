import type { ApiError } from '../api-error.js';
import { newId } from '../ids.js';
import type { JsonObject } from '../json.js';

export interface Outcome {
  endpoint: string;
  /** Version texts; a number would be misread by clients, which refuse an integer. */
  requestedVersion: string;
  /** Of the endpoint that answers; `undefined` when there is none. */
  actualVersion: string | undefined;
  /** Transaction id of the client, echoed. */
  trx?: string | undefined;
  result: { data: JsonObject } | { error: ApiError };
}

/** The object that every answer is wrapped in; `data` is an object even when there is nothing to say. */
export function envelope(outcome: Outcome): JsonObject {
  const id = newId();
  const failure = 'error' in outcome.result ? outcome.result.error : undefined;
  return {
    meta: {
      id,
      trx: outcome.trx ?? id,
      endpoint: {
        name: outcome.endpoint,
        requested_version: outcome.requestedVersion,
        actual_version: outcome.actualVersion ?? null,
      },
      result_code: failure?.status ?? 200,
      result_subcode: failure?.subcode ?? 0,
      result_msg: failure?.message ?? 'OK',
      error_stack: null,
      error_data: failure?.data ?? {},
    },
    data: 'data' in outcome.result ? outcome.result.data : {},
  };
}
