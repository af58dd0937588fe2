import { ApiError } from '../api-error.js';
import { assetType } from '../apps/asset-types.js';
import { filledDashboard } from '../apps/dashboard.js';
import { assetName } from '../apps/format/references.js';
import { framePage } from '../apps/frame-page.js';
import { appOf, assetOf, instanceOf, type StoredApp } from '../apps/store.js';
import type { ServerContext } from '../context.js';
import { type CallWith, type EndpointTable, endpoint, Page } from '../endpoint.js';
import type { JsonObject } from '../json.js';
import { integer, oneOf, required, text } from '../schema.js';
import { taskOf } from '../tasks/task-document.js';

const ELEMENT = { task: required(text), line: required(integer), element: required(integer) } as const;
const EMPTY = { app: required(text), version: text } as const;
const SHOWN = { frame: required(text), theme: oneOf(['light', 'dark']) } as const;

/**
 * HTML of applications, for sandboxed frames. A frame has no session: whoever may see an instance gets an address that holds
 * for this one text, until later ones take its place.
 */
export const appFrameEndpoints: EndpointTable = {
  'apps.get_element_frame': endpoint(ELEMENT, elementFrame),
  'apps.get_empty_frame': endpoint(EMPTY, emptyFrame),
  'apps.show_frame': endpoint(SHOWN, showFrame, { access: 'open' }),
};

function elementFrame({ server, body }: CallWith<typeof ELEMENT>): JsonObject {
  const { app: id, version } = instanceOf(server, body.task);
  const app = appOf(server, id, version);
  const element = filledDashboard(app.definition, taskOf(server, body.task))[body.line]?.contents[
    body.element
  ];
  if (element?.text === undefined)
    throw new ApiError('invalid_id', { line: body.line, element: body.element }, 'no HTML there');
  return { frame: server.frames.keep({ app: app.id, version: app.version, html: element.text }) };
}

/** What an application shows as long as it has no instance; nothing where it is at another address. */
function emptyFrame({ server, body }: CallWith<typeof EMPTY>): JsonObject {
  const app = appOf(server, body.app, body.version);
  const name = assetName(app.definition.no_info_html ?? '');
  const html = name === undefined ? undefined : assetOf(server, app, name)?.toString('utf8');
  return html === undefined ? {} : { frame: server.frames.keep({ app: app.id, version: app.version, html }) };
}

function showFrame({ server, body }: CallWith<typeof SHOWN>): Page {
  const kept = server.frames.get(body.frame);
  if (kept === undefined) throw new ApiError('invalid_id', { frame: body.frame }, 'reload the page');
  const app = appOf(server, kept.app, kept.version);
  return new Page(framePage(kept.html, body.theme, (name) => dataUrl(server, app, name)));
}

/** A frame asks no server for anything, so its images are in it. */
function dataUrl(server: ServerContext, app: StoredApp, name: string): string {
  const content = assetOf(server, app, name);
  const type = assetType(name);
  if (content === undefined || !type.startsWith('image/')) return '';
  return `data:${type};base64,${content.toString('base64')}`;
}
