import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type AppRecord, AppsApi } from '../../api/apps.js';
import { isApiError } from '../../api/errors.js';
import { AgentError, causeLine } from '../../errors.js';
import { visibleJson, visibleLines } from '../../logs/visible-text.js';
import type { Bundle } from '../../server/apps/archive/bundle.js';
import { pack } from '../../server/apps/archive/pack.js';
import { problemLine } from '../../server/apps/format/problems.js';
import { type CommandContext, warnerOf } from '../command.js';
import { textList } from '../session.js';
import { renderTable } from '../table.js';
import { bundleAt, isFile } from './app-path.js';
import { withServer } from './app-server.js';

const ACTIONS: Readonly<
  Record<string, (context: CommandContext, words: readonly string[]) => Promise<number>>
> = {
  check,
  pack: packFolder,
  upload,
  list,
  delete: remove,
};

/** `agent app check|pack|upload|list|delete` */
export async function runApp(context: CommandContext): Promise<number> {
  const [action = '', ...words] = context.positionals;
  const run = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
  if (run === undefined)
    throw new AgentError('USAGE', `app takes check, pack, upload, list or delete, got "${action}"`);
  return run(context, words);
}

async function check(context: CommandContext, words: readonly string[]): Promise<number> {
  const target = only(words, 'app check takes one application: NAME.app.conf, its folder or a zip');
  const bundle = await bundleAt(target);
  const { app, errors, warnings } = bundle;
  if (context.options.json === true) {
    context.stdout.write(`${visibleJson({ valid: app !== undefined, errors, warnings })}\n`);
    return app === undefined ? 2 : 0;
  }
  requireApp(context, bundle);
  context.stdout.write(`${app?.id} ${app?.version} is a valid application\n`);
  return 0;
}

async function packFolder(context: CommandContext, words: readonly string[]): Promise<number> {
  const folder = only(words, 'app pack takes one folder with a NAME.app.conf');
  if (!folder.endsWith('.app.conf') && (await isFile(folder)))
    throw new AgentError('USAGE', `app pack takes a folder or a NAME.app.conf, ${folder} is another file`);
  const bundle = await bundleAt(folder);
  requireApp(context, bundle);
  const { output } = context.options;
  const base = bundle.files.name.replace(/\.app\.conf$/, '.zip');
  const file = typeof output === 'string' ? output : path.join(path.dirname(path.resolve(folder)), base);
  const archive = await pack(bundle.files);
  await writeFile(file, archive).catch((error: unknown) => {
    throw new AgentError('USAGE', `cannot write ${file}: ${causeLine(error)}`, {
      cause: error,
      hint: 'Name the archive with --output FILE, in a folder that is there.',
    });
  });
  context.stdout.write(`Wrote ${file} (${bundle.files.assets.size + 1} files, ${archive.length} bytes)\n`);
  return 0;
}

async function upload(context: CommandContext, words: readonly string[]): Promise<number> {
  const targets = [...words, ...textList(context.options.files)];
  if (targets.length === 0)
    throw new AgentError('USAGE', 'app upload takes archives, folders or application files, got none');
  // All of them are checked before the first one is sent.
  const bundles: Bundle[] = [];
  for (const target of targets) bundles.push(await bundleAt(target));
  for (const bundle of bundles) requireApp(context, bundle);
  return withServer(context, async (client) => {
    for (const { files, app } of bundles) {
      const { version, replaced } = await new AppsApi(client).upload(await pack(files));
      context.stdout.write(`${replaced ? 'Replaced' : 'Uploaded'} ${app?.id} ${version}\n`);
    }
    return 0;
  });
}

async function list(context: CommandContext, words: readonly string[]): Promise<number> {
  if (words.length > 0) throw new AgentError('USAGE', `app list: one word too many: "${words[0]}"`);
  return withServer(context, async (client) => {
    const apps = await new AppsApi(client).getAll();
    const text = context.options.json === true ? visibleJson({ apps }) : appsTable(apps);
    context.stdout.write(`${text}\n`);
    return 0;
  });
}

function appsTable(apps: readonly AppRecord[]): string {
  if (apps.length === 0) return 'The server has no applications.';
  const rows = apps.map((app) => [
    app.id,
    app.versions.join(', '),
    app.name,
    app.category || '-',
    app.default_queue ?? '-',
    app.provider || '-',
  ]);
  return renderTable({
    headings: ['APPLICATION', 'VERSIONS', 'NAME', 'CATEGORY', 'QUEUE', 'PROVIDER'],
    rows,
  });
}

async function remove(context: CommandContext, words: readonly string[]): Promise<number> {
  const { app, version } = context.options;
  const id = only(
    [...words, ...(typeof app === 'string' ? [app] : [])],
    'app delete takes the id of one application',
  );
  return withServer(context, async (client) => {
    const { deleted, instances } = await new AppsApi(client)
      .delete(id, typeof version === 'string' ? version : undefined)
      .catch((error: unknown) => {
        if (!isApiError(error, 400, 10)) throw error;
        throw new AgentError(
          'USAGE',
          `the server has no application "${id}"${version === undefined ? '' : ` of version ${version}`}`,
          {
            hint: 'agent app list shows all of them.',
          },
        );
      });
    const kept = instances > 0 ? `; ${instances} instances keep their dashboard` : '';
    context.stdout.write(`Deleted ${deleted} ${deleted === 1 ? 'version' : 'versions'} of ${id}${kept}\n`);
    return 0;
  });
}

function only(words: readonly string[], usage: string): string {
  const [word, ...more] = words;
  if (word === undefined || more.length > 0) throw new AgentError('USAGE', `${usage}, got ${words.length}`);
  return word;
}

/** Prints what is wrong, one line each. @throws AgentError APP_INVALID */
function requireApp(context: CommandContext, { app, errors, warnings, files }: Bundle): void {
  for (const warning of warnings) warnerOf(context)(problemLine(warning));
  if (app !== undefined) return;
  const lines = errors.map((error) => visibleLines(problemLine(error)));
  const [first = ''] = lines;
  if (lines.length === 1) throw new AgentError('APP_INVALID', first);
  throw new AgentError('APP_INVALID', `${files.name} has ${lines.length} errors`, {
    detail: lines.join('\n'),
  });
}
