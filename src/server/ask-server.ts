import path from 'node:path';
import { AgentError } from '../errors.js';
import { entryExists } from '../os/files.js';
import { askByLine } from '../os/local-socket.js';
import { DATABASE } from './backup/format.js';
import { isObject, type JsonObject } from './json.js';
import { callAsOwner, type LocalAnswer, type LocalCall, localSocket } from './local-calls.js';
import { openSecrets } from './secrets.js';
import { openData } from './server.js';
import { lockFolder } from './storage/folder-lock.js';

/**
 * Has a call carried out with the rights of the owner of a server's folder: by the server, if it runs; else here.
 *
 * @throws AgentError SERVER_USERS for a call that is refused, SERVER_FOLDER
 */
export async function askServer(folder: string, call: LocalCall): Promise<JsonObject> {
  const answered = (await askByLine(localSocket(folder), call)) ?? (await withoutServer(folder, call));
  const answer: Partial<{ data: JsonObject; error: string }> = isObject(answered) ? answered : {};
  if (answer.data !== undefined) return answer.data;
  throw new AgentError('SERVER_USERS', answer.error ?? `the server of ${folder} does not answer`);
}

async function withoutServer(folder: string, call: LocalCall): Promise<LocalAnswer> {
  if (!(await entryExists(path.join(folder, DATABASE))))
    throw new AgentError('SERVER_FOLDER', `expected the data of a server in ${folder}, found none`, {
      hint: 'Name its folder with --folder, or start agent server once.',
    });
  const unlock = await lockFolder(folder);
  try {
    const closing: (() => unknown)[] = [];
    try {
      const secrets = await openSecrets(folder);
      const server = await openData(path.join(folder, DATABASE), secrets, {}, closing);
      return await callAsOwner(server, call);
    } finally {
      for (const close of closing.reverse()) await close();
    }
  } finally {
    await unlock();
  }
}
