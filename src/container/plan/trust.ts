import { buildRequest } from '../arguments/build-request.js';
import { optionsOf, parseArguments } from '../arguments/parse-arguments.js';
import type { ArgumentSources } from '../run-options/request-draft.js';
import type { HostMount } from './run-words.js';

/** A variable that names a file of trusted certificates. */
export interface TrustFile {
  name: string;
  file: string;
}

export interface TrustQuestion {
  files: readonly TrustFile[];
  /** Merged arguments of task and administrator. */
  words: readonly string[];
  sources: ArgumentSources;
  engineSees(file: string): string | undefined;
}

/** Apart from the image's own certificates, which its packages write to when they are installed. */
const TRUST_INSIDE = '/.clearml.trust';

/**
 * The agent's own trust, for its tasks: variables that the arguments leave open, whose file the container has or
 * can be given.
 */
export function trustOf({ files, words, sources, engineSees }: TrustQuestion): {
  variables: string[];
  mounts: HostMount[];
} {
  const { Env = [], HostConfig } = buildRequest(
    optionsOf(parseArguments(words), 'container'),
    sources,
  ).request;
  const named = new Set(Env.map((pair) => pair.split('=', 1)[0]));
  const taken = new Set([
    ...(HostConfig.Binds ?? []).map((bind) => bind.split(':')[1]),
    ...(HostConfig.Mounts ?? []).map(({ Target }) => Target),
  ]);
  const open = files.filter(({ name, file }) => !named.has(name) && (taken.has(file) || engineSees(file)));
  const missing = [...new Set(open.map(({ file }) => file))].filter((file) => !taken.has(file));
  return {
    variables: open.map(({ name, file }) => `${name}=${taken.has(file) ? file : TRUST_INSIDE + file}`),
    mounts: missing.map((file) => ({ source: file, target: TRUST_INSIDE + file, readOnly: true })),
  };
}
