import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../../config/config.js';
import { diskUsage } from '../../os/disk-usage.js';
import { lockHolder } from '../../os/lock.js';
import {
  chooseMirrors,
  listMirrors,
  mirrorLock,
  type PruneReason,
  removeMirrorIfIdle,
  unfinishedMirrors,
} from '../../repository/mirror-collection.js';
import { type MirrorSettings, repositorySettings } from '../../repository/settings.js';
import type { CachedItem, Survey } from './cached-item.js';

const DAY_MS = 86_400_000;
const GIB = 1024 ** 3;

/** The mirrors of repositories, and the parts of such that crashes left. */
export async function surveyMirrors(config: Config, cacheFolder: string): Promise<Survey> {
  const limits = repositorySettings(config).cache;
  const mirrors = await listMirrors(cacheFolder);
  const items = await Promise.all(
    mirrors.map(({ url, ...mirror }) => describe({ ...mirror, what: url || path.basename(mirror.folder) })),
  );
  const over = chooseMirrors(mirrors, limits, Date.now()).flatMap(({ folder, reason }) => {
    const item = items.find((one) => one.folder === folder);
    return item === undefined ? [] : [{ item, why: whyOf(reason, limits) }];
  });
  const left = await Promise.all(
    (await unfinishedMirrors(cacheFolder)).map((one) => unfinished(one, config)),
  );
  return {
    items: [...items, ...left],
    overLimits: [...over, ...left.map((item) => ({ item, why: 'left unfinished' }))],
  };
}

async function describe(
  facts: Pick<CachedItem, 'what' | 'folder' | 'bytes' | 'lastUsed'>,
): Promise<CachedItem> {
  const holder = await lockHolder(mirrorLock(facts.folder));
  return {
    kind: 'mirrors',
    ...facts,
    hold: holder && `a task is using it (process ${holder.pid})`,
    remove: async () => ((await removeMirrorIfIdle(facts.folder)) ? undefined : 'a task began to use it'),
  };
}

async function unfinished(folder: string, { env }: Config): Promise<CachedItem> {
  const lastUsed = await stat(folder).then(
    ({ mtime }) => mtime,
    () => new Date(),
  );
  return describe({
    what: `${path.basename(folder)}, unfinished`,
    folder,
    bytes: await diskUsage(folder, env),
    lastUsed,
  });
}

function whyOf(reason: PruneReason, { maxAgeMs, maxBytes }: MirrorSettings): string {
  return reason === 'age'
    ? `not used for ${maxAgeMs / DAY_MS} days (agent.vcs_cache.max_age_days)`
    : `more than ${maxBytes / GIB} GiB in all (agent.vcs_cache.max_size_gb)`;
}
