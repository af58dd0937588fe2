import path from 'node:path';
import { AgentError } from '../../errors.js';
import { askPing } from '../../monitor/ask-health.js';
import { askByLine } from '../../os/local-socket.js';
import { localUrl } from '../../os/local-url.js';
import { checkDatabase } from '../../server/backup/check.js';
import { compactFolder } from '../../server/backup/compact.js';
import { extractBackup } from '../../server/backup/extract-backup.js';
import { DATABASE } from '../../server/backup/format.js';
import { readSchedule, recorded, writeSchedule } from '../../server/backup/records.js';
import { restoreBackup } from '../../server/backup/restore-backup.js';
import { datedName } from '../../server/backup/schedule.js';
import { requireBackupFolder, writeBackup } from '../../server/backup/write-backup.js';
import { asObject, type Json } from '../../server/json.js';
import { localSocket } from '../../server/local-calls.js';
import type { CommandContext } from '../command.js';
import { openPage } from '../open-page.js';
import { VERSION } from '../version.js';
import { credentials } from './credentials.js';
import { configOf } from './server-config.js';
import { users } from './users.js';
import { vaults } from './vaults.js';

export interface ServerAction {
  context: CommandContext;
  /** Of the server's data. */
  folder: string;
  /** The word after the action. */
  file: string | undefined;
}

/** Actions with actions of their own. */
export const GROUPS = { users, credentials, vaults } as const;

export const ACTIONS = { backup, restore, check, compact, health, link, ...GROUPS } as const;

export type ActionName = keyof typeof ACTIONS;

async function backup(action: ServerAction): Promise<number> {
  const { context, folder, file } = action;
  const { every, keep, files = false } = context.options;
  if (every !== undefined) return schedule(action, Number(every));
  if (keep !== undefined) throw new AgentError('USAGE', 'server backup: --keep needs --every');
  const target = path.resolve(required(file, 'backup'));
  const request = { folder, target, files: files === true, agentVersion: VERSION };
  const made = await recorded(folder, 'command', () => writeBackup(request));
  const uploads =
    files === true ? `, ${made.files} uploaded files` : ', without the uploaded files (--files)';
  context.stdout.write(`Wrote ${target}: ${megabytes(made.bytes)}${uploads}\n`);
  return 0;
}

/** Leaves the schedule to the server of the folder. */
async function schedule({ context, folder, file }: ServerAction, everySeconds: number): Promise<number> {
  const { keep = 2, files = false } = context.options;
  if (everySeconds === 0) {
    const known = await readSchedule(folder);
    await writeSchedule(folder, undefined);
    context.stdout.write(
      known === undefined ? 'There was no schedule\n' : `No more backups to ${known.file}\n`,
    );
    return 0;
  }
  const target = path.resolve(required(file, 'backup'));
  await requireBackupFolder(target);
  await writeSchedule(folder, { file: target, everySeconds, keep: Number(keep), files: files === true });
  context.stdout.write(
    `While it runs, the server of ${folder} writes backups such as ${datedName(target, new Date())} and keeps ${keep}\n`,
  );
  return 0;
}

async function restore({ context, folder, file }: ServerAction): Promise<number> {
  const source = path.resolve(required(file, 'restore'));
  const { manifest, files, replaced } = await restoreBackup({
    file: source,
    folder,
    replace: context.options.replace === true,
  });
  const uploads = manifest.files ? `with ${files} uploaded files` : 'without uploaded files';
  context.stdout.write(`Restored the backup of ${manifest.created}, ${uploads}, into ${folder}\n`);
  if (replaced !== undefined) context.stdout.write(`What was there before is in ${replaced}\n`);
  return 0;
}

/** Of a backup, if one is named; else of the server's database. */
async function check({ context, folder, file }: ServerAction): Promise<number> {
  if (file === undefined) {
    await checkDatabase(path.join(folder, DATABASE));
    context.stdout.write(`The database in ${folder} is in order\n`);
    return 0;
  }
  const source = path.resolve(file);
  const { manifest, files } = await extractBackup(source, undefined);
  context.stdout.write(`${source} is whole: a backup of ${manifest.created}, ${files} uploaded files\n`);
  return 0;
}

async function compact({ context, folder }: ServerAction): Promise<number> {
  const { before, after } = await compactFolder(folder);
  context.stdout.write(`The database in ${folder} had ${megabytes(before)} and has ${megabytes(after)}\n`);
  return 0;
}

/** For the health check of a container: whether the server of this configuration answers. */
async function health({ context }: ServerAction): Promise<number> {
  const config = configOf(context);
  const scheme = config.get('apiserver.tls.cert') === undefined ? 'http' : 'https';
  const url = `${localUrl(scheme, config.get('apiserver.listen.ip'), config.get('apiserver.listen.port'))}/api/debug.ping`;
  const { ok, text } = await askPing(url);
  context.stdout.write(`${text}\n`);
  return ok ? 0 : 1;
}

/** A new address that logs in once; only the server that runs can make one. */
async function link({ context, folder }: ServerAction): Promise<number> {
  const answered = await askByLine(localSocket(folder), { endpoint: 'auth.new_login_link', body: {} });
  const { data } = asObject(answered as Json);
  const { address } = asObject(data);
  if (typeof address !== 'string')
    throw new AgentError('SERVER_FOLDER', `expected a server that runs on ${folder}, found none`, {
      hint: 'Start agent server, or name the folder of another server with --folder.',
    });
  context.stdout.write(`This address logs you in once:\n\n  ${address}\n`);
  if (context.options.open !== true) return 0;
  const problem = await openPage({ address, folder, env: context.env });
  if (problem !== undefined) context.stderr.write(`${problem}\n`);
  return 0;
}

function required(file: string | undefined, action: string): string {
  if (file !== undefined) return file;
  throw new AgentError('USAGE', `server ${action} takes a file`, {
    hint: `Such as: agent server ${action} /backups/clearml.tar.gz`,
  });
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
