import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { Accounts, type KeyPair, newKeyPair } from '../../src/server/auth/accounts.js';
import { documentTables } from '../../src/server/context.js';
import { startServer } from '../../src/server/server.js';
import { Database } from '../../src/server/storage/database.js';
import { temporaryFolder } from './temporary-folder.js';

/** A server's folder with these users beside the one that it makes itself, and a pair of keys for each. */
export async function folderWithUsers(
  t: ExecutionContext,
  names: readonly string[],
): Promise<{ folder: string; keysOf: ReadonlyMap<string, KeyPair> }> {
  const folder = temporaryFolder(t);
  await (await startServer({ folder })).close();
  const database = await Database.open(path.join(folder, 'server.db'));
  const { users } = documentTables(database);
  const accounts = new Accounts(database);
  const [first] = users.scan();
  if (first === undefined) throw new Error('the server made no user');
  const keysOf = new Map<string, KeyPair>();
  for (const name of names) {
    const keys = newKeyPair();
    users.put({ ...first, id: `user-${name}`, name, role: 'user' });
    accounts.addKeys(keys, `user-${name}`);
    keysOf.set(name, keys);
  }
  database.close();
  return { folder, keysOf };
}
