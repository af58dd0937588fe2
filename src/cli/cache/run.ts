import { AgentError } from '../../errors.js';
import { stateFolder } from '../../os/paths.js';
import { repositoryCacheFolder } from '../../repository/settings.js';
import { type KeptRun, type KeptRunsQuery, listKeptRuns } from '../../runs/kept-runs.js';
import { removeRun } from '../../runs/remove-run.js';
import type { CommandContext } from '../command.js';
import { sessionConfig } from '../session.js';
import {
  CACHE_KINDS,
  type CachedItem,
  type CacheKind,
  type Chosen,
  choose,
  type Selection,
  type Survey,
} from './cached-item.js';
import { surveyEnvironments } from './environments.js';
import { surveyMirrors } from './mirrors.js';
import { listJson, listText, type Pruned, pruneJson, pruneText } from './view.js';

/** `agent cache list|prune [kinds…]` */
export async function runCache(context: CommandContext): Promise<number> {
  const [action, ...words] = context.positionals;
  const kinds = kindsOf(words);
  if (action === 'list') return list(context, kinds);
  if (action === 'prune') return prune(context, kinds);
  throw new AgentError('USAGE', `cache takes list or prune, got "${action ?? ''}"`);
}

async function list(context: CommandContext, kinds: readonly CacheKind[]): Promise<number> {
  for (const flag of ['dryRun', 'olderThan', 'all', 'undelivered']) {
    if (context.options[flag] !== undefined)
      throw new AgentError('USAGE', 'cache list takes no flag but --json; the others are for cache prune');
  }
  const items = (await surveys(context, kinds)).flatMap((survey) => survey.items);
  const now = Date.now();
  show(context, context.options.json === true ? listJson(items, kinds) : listText(items, { kinds, now }));
  return 0;
}

async function prune(context: CommandContext, kinds: readonly CacheKind[]): Promise<number> {
  const selection = selectionOf(context);
  const found = await surveys(context, kinds);
  const now = Date.now();
  const chosen = found.flatMap((survey) => choose(survey, selection, now));
  const dryRun = context.options.dryRun === true;
  const outcome = dryRun ? plan(chosen) : await carryOut(chosen);
  const shown = { ...outcome, kinds, dryRun };
  show(context, context.options.json === true ? pruneJson(shown) : pruneText(shown));
  return 0;
}

function show({ stdout }: CommandContext, text: string): void {
  stdout.write(`${text}\n`);
}

function kindsOf(words: readonly string[]): readonly CacheKind[] {
  const unknown = words.find((word) => !CACHE_KINDS.some((kind) => kind === word));
  if (unknown !== undefined)
    throw new AgentError('USAGE', `cache knows ${CACHE_KINDS.join(', ')}, got "${unknown}"`);
  return words.length === 0 ? CACHE_KINDS : CACHE_KINDS.filter((kind) => words.includes(kind));
}

function selectionOf({ options }: CommandContext): Selection {
  const { olderThan, all } = options;
  if (all === true) return { by: 'all' };
  return typeof olderThan === 'number' ? { by: 'age', seconds: olderThan } : { by: 'limits' };
}

async function surveys(context: CommandContext, kinds: readonly CacheKind[]): Promise<Survey[]> {
  const config = sessionConfig(context);
  const state = stateFolder(context.env, context.home);
  const makers: Record<CacheKind, () => Promise<Survey>> = {
    environments: () => surveyEnvironments(config),
    mirrors: () => surveyMirrors(config, repositoryCacheFolder(config, context.home)),
    spools: () =>
      surveySpools(
        { state, config, home: context.home, env: config.env },
        context.options.undelivered === true,
      ),
  };
  return Promise.all(kinds.map((kind) => makers[kind]()));
}

function plan(chosen: readonly Chosen[]): Pruned {
  return {
    removed: chosen.filter(({ item }) => item.hold === undefined),
    stays: chosen.flatMap(({ item }) => (item.hold === undefined ? [] : [{ item, why: item.hold }])),
  };
}

async function carryOut(chosen: readonly Chosen[]): Promise<Pruned> {
  const { removed: planned, stays } = plan(chosen);
  const removed: Chosen[] = [];
  for (const one of planned) {
    const why = await one.item.remove();
    if (why === undefined) removed.push(one);
    else stays.push({ item: one.item, why });
  }
  return { removed, stays };
}

/**
 * What remains of runs: unsent logs, output, code and packages.
 *
 * @param undelivered whether runs that the server does not know all of may go
 */
async function surveySpools(query: KeptRunsQuery, undelivered: boolean): Promise<Survey> {
  const found = (await listKeptRuns(query)).map((run) => ({ run, item: describe(run, undelivered) }));
  const done = found.filter(({ run, item }) => run.runFolder !== undefined && item.hold === undefined);
  return {
    items: found.map(({ item }) => item),
    overLimits: done.map(({ run, item }) => ({ item, why: run.hold?.why ?? 'the server has all of it' })),
  };
}

function describe(run: KeptRun, undelivered: boolean): CachedItem {
  const { runFolder, workspace, bytes, lastUsed, hold } = run;
  return {
    kind: 'spools',
    what: `task ${run.task} of ${run.worker}${runFolder === undefined ? ', kept because it failed' : ''}`,
    folder: runFolder ?? workspace,
    bytes,
    lastUsed,
    hold: hold?.inUse === false && undelivered ? undefined : hold?.why,
    remove: () => removeRun(run, undelivered),
  };
}
