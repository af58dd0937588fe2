import { type CallWith, type EndpointTable, endpoint, reservedEndpoint } from '../endpoint.js';
import type { JsonObject } from '../json.js';
import { flag } from '../schema.js';
import { API_VERSION, SERVER_VERSION } from '../versions.js';

const STATS_OPTION = { enabled: flag } as const;
const INFO = { version: SERVER_VERSION, build: '0', commit: '' };

export const infoEndpoints: EndpointTable = {
  'debug.ping': endpoint({}, ({ body }) => ({ ...body, msg: 'ClearML server' }), { access: 'open' }),
  'server.info': endpoint({}, () => ({ ...INFO, api_version: API_VERSION }), {
    since: [2, 12],
    earlier: endpoint({}, () => INFO),
  }),
  'server.report_stats_option': endpoint(STATS_OPTION, statsOption),
  'server.config': reservedEndpoint(),
  'server.endpoints': reservedEndpoint(),
  'server.get_stats': reservedEndpoint(),
};

/** The server reports nothing to anyone, so there is nothing to enable. */
function statsOption(_call: CallWith<typeof STATS_OPTION>): JsonObject {
  return { supported: false };
}
