import path from 'node:path';
import { entryExists } from '../os/files.js';
import { commonEnd, type HeadNames, type TreeNames } from './diff-names.js';

/** What stands before the names of a diff, and the folder that they are relative to. */
interface Prefixes {
  old: string;
  new: string;
  below: string;
}

/** A file of the tree that the head of a diff may mean. */
interface Guess {
  name: string;
  prefixes: Prefixes;
}

export interface Tree {
  root: string;
  /** Working directory of the task: names may be relative to it (`diff.relative`). */
  workingDir?: string;
}

/** Prefixes that git itself gives, with `diff.mnemonicPrefix` or without; `1` and `2` are those of `--no-index`. */
const GIT_PAIRS: ReadonlySet<string> = new Set(['ab', 'iw', 'wi', 'cw', 'wc', 'ci', 'ic', 'ow', 'oi', '12']);

/**
 * The files of the tree that the parts of a diff are about. Prefixes may be any text, or none (`diff.noprefix`); which
 * one it is shows where a changed file is there. New files follow the prefixes of the others.
 */
export async function placeParts(parts: readonly HeadNames[], tree: Tree): Promise<TreeNames[]> {
  const added = new Set<string>();
  const found: (Guess | undefined)[] = [];
  for (const names of parts) {
    const guesses = guessesOf(names, tree);
    found.push(names.isNew ? undefined : await firstThere(guesses, added, tree));
    if (names.isNew) for (const { name } of guesses) added.add(name);
  }
  const changed = found.filter((guess, at) => guess !== undefined && parts[at]?.renamed === undefined);
  const usual = mostFrequent(changed.flatMap((guess) => (guess === undefined ? [] : [guess.prefixes])));
  return parts.map((names, at) => placeOf(names, found[at] ?? fallback(names, usual, tree)));
}

async function firstThere(
  guesses: readonly Guess[],
  added: ReadonlySet<string>,
  { root }: Tree,
): Promise<Guess | undefined> {
  for (const guess of guesses) {
    if (added.has(guess.name) || (await entryExists(path.join(root, guess.name)))) return guess;
  }
  return undefined;
}

/** For a new file, and for one that is nowhere: the error names it then. */
function fallback(names: HeadNames, usual: Prefixes | undefined, tree: Tree): Guess | undefined {
  const guesses = guessesOf(names, tree);
  const [first] = guesses;
  if (usual === undefined || first === undefined) return first;
  const alike = guesses.find(
    ({ prefixes }) =>
      prefixes.new === usual.new && prefixes.old === usual.old && prefixes.below === usual.below,
  );
  const lone = names.new ?? names.old ?? '';
  if (alike !== undefined || (names.old !== undefined && names.new !== undefined)) return alike ?? first;
  return lone.startsWith(usual.new)
    ? { name: usual.below + lone.slice(usual.new.length), prefixes: usual }
    : first;
}

function placeOf(names: HeadNames, guess: Guess | undefined): TreeNames {
  if (guess === undefined) return { old: names.old, new: names.new };
  const { name, prefixes } = guess;
  const { renamed } = names;
  if (renamed === undefined) {
    return { old: names.isNew ? undefined : name, new: names.isDeleted ? undefined : name };
  }
  // Inside a submodule git leaves the folder of the submodule out of these lines.
  const folder = name.slice(prefixes.below.length, name.length - renamed.from.length);
  return { old: name, new: prefixes.below + folder + renamed.to };
}

/** The likeliest first. */
function guessesOf(names: HeadNames, { workingDir = '.' }: Tree): Guess[] {
  const folder = path.posix.normalize(workingDir).replace(/\/*$/, '/');
  const isInside = !/^(?:\.\/|\.\.\/|\/)/.test(folder);
  const plain = plainGuesses(names);
  return (isInside ? ['', folder] : ['']).flatMap((below) =>
    plain.map(({ name, prefixes }) => ({ name: below + name, prefixes: { ...prefixes, below } })),
  );
}

function plainGuesses(names: HeadNames): Guess[] {
  const { old = names.new ?? '', new: fresh = names.old ?? '', renamed } = names;
  if (renamed !== undefined) return renameGuesses(old, renamed.from);
  const isAlone = names.old === undefined || names.new === undefined;
  if (isAlone && /^[abciwo]\//.test(old)) return [guess(old.slice(2), old, fresh)];
  const common = commonEnd(old, fresh);
  if (GIT_PAIRS.has(old.charAt(0) + fresh.charAt(0)) && common.length === old.length - 1) {
    return [guess(common.slice(1), old, fresh)];
  }
  const starts = Array.from(common, (_, at) => at);
  const atFolders = starts.filter((at) =>
    at === 0 ? common === old || common === fresh : common[at - 1] === '/',
  );
  // A prefix without a slash (`old-src/x`, `new-src/x`) ends somewhere in what both names share.
  const first = common.indexOf('/');
  const glued = starts.slice(0, first < 0 ? common.length : first).filter((at) => !atFolders.includes(at));
  return [
    ...[...atFolders, ...(old === fresh ? [] : glued)].map((at) => guess(common.slice(at), old, fresh)),
    ...(old === fresh ? [] : [guess(fresh, fresh, fresh), guess(old, old, old)]),
  ];
}

function renameGuesses(old: string, from: string): Guess[] {
  const folders = Array.from(old, (_, at) => at).filter((at) => at === 0 || old[at - 1] === '/');
  const longer = folders.map((at) => old.slice(at)).filter((name) => name.endsWith(`/${from}`));
  return [from, ...longer.reverse()].map((name) => {
    const prefix = old.endsWith(name) ? old.slice(0, old.length - name.length) : '';
    return { name, prefixes: { old: prefix, new: prefix, below: '' } };
  });
}

function guess(name: string, old: string, fresh: string): Guess {
  const before = (written: string): string => written.slice(0, written.length - name.length);
  return { name, prefixes: { old: before(old), new: before(fresh), below: '' } };
}

function mostFrequent(all: readonly Prefixes[]): Prefixes | undefined {
  const counts = new Map<string, number>();
  for (const one of all) counts.set(JSON.stringify(one), (counts.get(JSON.stringify(one)) ?? 0) + 1);
  const best = [...counts].sort(([, one], [, other]) => other - one)[0]?.[0];
  return all.find((one) => JSON.stringify(one) === best);
}
