import type { ServerContext } from '../context.js';
import { ENDPOINTS } from '../endpoints.js';
import type { ServerFigures } from '../figures.js';
import { fileListener } from '../files/file-listener.js';
import { apiListener, type Failure } from '../http/api-listener.js';
import type { ServerLog } from '../log.js';
import type { Addresses } from '../web/addresses.js';
import { webListener } from '../web/web-listener.js';
import { type Listening, type ListenOptions, listen, type SharedSettings } from './listen.js';

export interface ServicesOptions extends ListenOptions {
  /** What was uploaded to the file server. */
  files: string;
  /** The addresses that an administrator has set. */
  displayed: Partial<Addresses>;
  figures: ServerFigures;
  /** Folder of the built page; default: that of this package. */
  builtPage?: string | undefined;
  sessionCheckMs?: number | undefined;
  log: ServerLog;
  onFailure: Failure;
}

/** Opens the ports of API, file server and page. @throws AgentError SERVER_LISTEN, SERVER_TLS */
export async function openServices(server: ServerContext, options: ServicesOptions): Promise<Listening> {
  const { displayed, figures, onFailure } = options;
  const common = { figures, onFailure, sessionCheckMs: options.sessionCheckMs };
  let urls: Addresses = { web: '', api: '', files: '' };
  const page = {
    ...common,
    displayed,
    builtPage: options.builtPage,
    onePort: options.onePort ?? false,
    pathPrefix: options.pathPrefix ?? '',
    own: () => urls,
  };
  const listening = await listen(
    options,
    {
      api: (shared: SharedSettings) => apiListener(server, ENDPOINTS, common, shared),
      files: (shared: SharedSettings) => fileListener(server, options.files, common, shared),
      web: (shared: SharedSettings) => webListener(server, page, shared),
    },
    options.log,
  );
  urls = listening.urls;
  notePages(server, displayed, urls);
  return listening;
}

/** Notes which pages may use the cookie of a session, and by which names browsers reach them. */
function notePages(
  { config, ownPages: { origins, hosts, ports } }: ServerContext,
  displayed: Partial<Addresses>,
  urls: Addresses,
): void {
  for (const url of Object.values(displayed).map((text) => new URL(text))) {
    origins.add(url.origin);
    hosts.add(url.hostname);
  }
  if (config.get('apiserver.cors.supports_credentials'))
    for (const origin of config.get('apiserver.cors.origins')) origins.add(origin);
  for (const url of Object.values(urls)) ports.add(new URL(url).port);
}
