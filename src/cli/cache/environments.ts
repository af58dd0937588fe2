import { rm, stat } from 'node:fs/promises';
import type { Config } from '../../config/config.js';
import { diskUsage, freeSpace } from '../../os/disk-usage.js';
import { lockHolder } from '../../os/lock.js';
import {
  chooseForRemoval,
  listEnvironments,
  removeIfUnused,
  unfinishedEnvironments,
} from '../../python/cache/cache-collection.js';
import { cacheLimits } from '../../python/cache/cache-upkeep.js';
import { EnvironmentCache } from '../../python/cache/environment-cache.js';
import { pythonSettings } from '../../python/settings.js';
import type { CachedItem, Survey } from './cached-item.js';

/** The Python environments that are kept, and what crashes left half-made of such. */
export async function surveyEnvironments(config: Config): Promise<Survey> {
  const settings = pythonSettings(config).cache;
  if (settings.path === undefined) return { items: [], overLimits: [] };
  const cache = new EnvironmentCache({ folder: settings.path, env: config.env });
  const kept = await listEnvironments(cache, config.env);
  const items = new Map<string, CachedItem>();
  for (const { key, folder, summary, bytes, lastUsed } of kept) {
    const holder = await lockHolder(cache.lockFile(key));
    items.set(key, {
      kind: 'environments',
      what: `${summary} (${key.slice(0, 12)})`,
      folder,
      bytes,
      lastUsed,
      hold: holder && `a task is using it (process ${holder.pid})`,
      remove: async () => ((await removeIfUnused(cache, key)) ? undefined : IN_USE),
    });
  }
  const over = chooseForRemoval(kept, cacheLimits(settings), await freeSpace(cache.folder));
  const left = await unfinished(cache, config);
  const chosen = over.flatMap(({ environment, why }) => {
    const item = items.get(environment.key);
    return item === undefined ? [] : [{ item, why }];
  });
  return {
    items: [...items.values(), ...left],
    overLimits: [...chosen, ...left.map((item) => ({ item, why: 'left unfinished' }))],
  };
}

const IN_USE = 'a task began to use it';

async function unfinished(cache: EnvironmentCache, config: Config): Promise<CachedItem[]> {
  const folders = await unfinishedEnvironments(cache);
  return Promise.all(
    folders.map(async (folder) => ({
      kind: 'environments' as const,
      what: 'unfinished, its agent is gone',
      folder,
      bytes: await diskUsage(folder, config.env),
      lastUsed: await changed(folder),
      hold: undefined,
      remove: async () => {
        await rm(folder, { recursive: true, force: true });
        return undefined;
      },
    })),
  );
}

async function changed(folder: string): Promise<Date> {
  return stat(folder).then(
    ({ mtime }) => mtime,
    () => new Date(),
  );
}
