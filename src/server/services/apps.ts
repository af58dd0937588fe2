import { ApiError } from '../api-error.js';
import { BadBundle, type Bundle, bundleOf, readBundle } from '../apps/archive/bundle.js';
import { unpack } from '../apps/archive/unpack.js';
import { assetType } from '../apps/asset-types.js';
import { choicesOf } from '../apps/choices.js';
import { fieldAt } from '../apps/form/instance-task.js';
import { problemLine } from '../apps/format/problems.js';
import { allApps, appOf, assetOf, deleteApps, keptAppOf, putApp, type StoredApp } from '../apps/store.js';
import { type CallWith, Download, type EndpointTable, endpoint, waitingEndpoint } from '../endpoint.js';
import type { JsonObject } from '../json.js';
import { required, text } from '../schema.js';

const UPLOADED = { archive: required(text) } as const;
const APP = { app: required(text), version: text } as const;
const ASSET = { ...APP, name: required(text) } as const;
const CHOICES = { ...APP, field: required(text), search: text } as const;

/** Custom applications. The names are ours: those of the enterprise server are not public. */
export const appEndpoints: EndpointTable = {
  'apps.upload': waitingEndpoint(UPLOADED, unpacked, upload, { access: 'admin' }),
  'apps.delete': endpoint(APP, remove, { access: 'admin' }),
  'apps.get_all': endpoint({}, getAll),
  'apps.get_by_id': endpoint(APP, getById),
  'apps.get_asset': endpoint(ASSET, getAsset),
  'apps.get_choices': endpoint(CHOICES, getChoices),
};

/** @throws ApiError 400/12 with every error of the file, a line each */
async function unpacked({ body }: CallWith<typeof UPLOADED>): Promise<Bundle> {
  const bundle = await read(Buffer.from(body.archive, 'base64'));
  const errors = bundle.errors.map(problemLine);
  if (errors.length > 0) throw invalid(errors);
  return bundle;
}

async function read(archive: Buffer): Promise<Bundle> {
  try {
    const files = bundleOf(await unpack(archive, 'the archive'), 'the archive');
    return readBundle(files, files.name);
  } catch (error) {
    if (error instanceof BadBundle) throw invalid([error.message]);
    throw error;
  }
}

function invalid(errors: string[]): ApiError {
  return new ApiError('validation_error', { errors }, 'this is no valid application');
}

function upload(call: CallWith<typeof UPLOADED>): JsonObject {
  const { app, warnings, files } = call.awaited as Bundle;
  if (app === undefined) throw invalid([]);
  const replaced = putApp(call, app, files.assets);
  return { id: app.id, version: app.version, replaced, warnings: warnings.map(problemLine) };
}

function remove({ server, body }: CallWith<typeof APP>): JsonObject {
  const apps = allApps(server, body.app).filter(
    ({ version }) => body.version === undefined || version === body.version,
  );
  if (apps.length === 0) appNotFound(body);
  return { instances: deleteApps(server, apps), deleted: apps.length };
}

function appNotFound({ app, version }: { app: string; version?: string }): never {
  throw new ApiError(
    'invalid_id',
    { app, ...(version === undefined ? {} : { version }) },
    'no such application',
  );
}

/** The newest version of each, those with low numbers first. */
function getAll({ server }: CallWith<Record<never, never>>): JsonObject {
  const all = allApps(server);
  const apps = all
    .filter(({ id }, at) => all[at - 1]?.id !== id)
    .map((newest) =>
      brief(
        newest,
        all.filter(({ id }) => id === newest.id),
      ),
    );
  apps.sort((a, b) => Number(a.featured) - Number(b.featured) || (String(a.name) < String(b.name) ? -1 : 1));
  return { apps };
}

function brief({ definition, uploaded }: StoredApp, versions: readonly StoredApp[]): JsonObject {
  const { task: _task, wizard: _wizard, dashboard: _dashboard, ...fields } = definition;
  return { ...fields, uploaded, versions: versions.map(({ version }) => version) };
}

function getById({ server, body }: CallWith<typeof APP>): JsonObject {
  const app = keptAppOf(server, body.app, body.version);
  const { definition, uploaded, isDeleted } = app;
  const versions = allApps(server, app.id).map(({ version }) => version);
  return { app: { ...(definition as unknown as JsonObject), uploaded, versions, deleted: isDeleted } };
}

function getAsset({ server, body }: CallWith<typeof ASSET>): Download {
  const content = assetOf(server, appOf(server, body.app, body.version), body.name);
  if (content === undefined) throw new ApiError('invalid_id', { asset: body.name }, 'no such asset');
  const fileName = body.name.slice(body.name.lastIndexOf('/') + 1).replaceAll(/[^\w.@-]/g, '_');
  return new Download(content, fileName, assetType(body.name));
}

function getChoices(call: CallWith<typeof CHOICES>): JsonObject {
  const { app, version, field: path, search } = call.body;
  const { definition } = appOf(call.server, app, version);
  const field = fieldAt(definition.wizard, path);
  if (field?.choices === undefined)
    throw new ApiError('invalid_id', { field: path }, 'no dropdown of that name');
  if (!Array.isArray(field.choices)) return choicesOf(call, field.choices, { text: search });
  const fixed = field.choices.map(String);
  return { choices: fixed.map((value) => ({ label: value, value })), more: false };
}
