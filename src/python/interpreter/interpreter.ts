import type { Place } from '../../drivers/driver.js';
import { AgentError } from '../../errors.js';
import type { Reporter } from '../../logs/reporter.js';
import { type Candidate, listCandidates, PLACES_SEARCHED } from './interpreter-candidates.js';
import { type Probe, type ProbeCache, probe } from './interpreter-probe.js';
import {
  accepts,
  describeVersion,
  mayAccept,
  type PythonRequest,
  programNames,
  satisfies,
} from './python-request.js';

export interface Interpreter {
  /** How to start it. */
  program: string;
  probe: Probe;
  /** Equal for two tasks that would get the same interpreter. */
  identity: string;
}

export interface InterpreterSearch {
  place: Place;
  request: PythonRequest;
  /** Where they have been looked for already. */
  candidates?: readonly Candidate[];
  cache: ProbeCache;
  /** Installs a version that is missing; whether it did. */
  provide?: (version: string) => Promise<boolean>;
  reporter: Reporter;
  signal: AbortSignal;
}

/**
 * The first interpreter of the version asked for. A machine that lacks it runs the task with the Python 3 it
 * has, and the log says so: most tasks do not care for the minor version that happened to record them.
 *
 * @throws AgentError PYTHON_MISSING with what was looked for and what was found
 */
export async function findInterpreter(search: InterpreterSearch): Promise<Interpreter> {
  const { request, reporter } = search;
  const listed =
    search.candidates ?? (await listCandidates(search.place, programNames(request), search.signal));
  const candidates = inOrder(distinct(listed), request);
  const found: Interpreter[] = [];
  for (const candidate of candidates) {
    const interpreter = mayFit(candidate, request) ? await ask(search, candidate) : undefined;
    if (interpreter === undefined) continue;
    if (request.program !== undefined || accepts(request, interpreter.probe.version)) return interpreter;
    found.push(interpreter);
  }
  const asked = describeVersion(request) ?? '3';
  if (request.program === undefined && (await search.provide?.(asked))) {
    const { place, cache, signal } = search;
    return findInterpreter({ place, request, cache, reporter, signal });
  }
  if (found.length === 0) found.push(...(await firstThatRuns(search, candidates)));
  const chosen = request.program === undefined ? standIn(found, request) : undefined;
  if (chosen === undefined) throw missing(request, found);
  reporter.line(
    `Python ${asked} was asked for by ${request.by} and is not on this machine (looked in ${PLACES_SEARCHED}); ` +
      `running with Python ${chosen.probe.version}, ${chosen.program}`,
    'WARNING',
  );
  return chosen;
}

/** Of interpreters of other versions. */
async function firstThatRuns(
  search: InterpreterSearch,
  candidates: readonly Candidate[],
): Promise<Interpreter[]> {
  if (search.request.program !== undefined) return [];
  const major = search.request.version?.split('.', 1)[0];
  for (const candidate of candidates.filter(({ onPath }) => onPath)) {
    const interpreter = await ask(search, candidate);
    if (interpreter !== undefined && satisfies(interpreter.probe.version, major)) return [interpreter];
  }
  return [];
}

async function ask(search: InterpreterSearch, candidate: Candidate): Promise<Interpreter | undefined> {
  const answer = await probe(search.place, candidate, search.cache);
  search.signal.throwIfAborted();
  if (answer === undefined) return undefined;
  return { program: candidate.program, probe: answer, identity: identityOf(candidate, answer) };
}

/**
 * Interpreters outside PATH carry their version in the path, so others need not be asked. A program that is
 * named is that one and no other.
 */
function mayFit(candidate: Candidate, request: PythonRequest): boolean {
  if (request.program !== undefined) return candidate.onPath;
  const folder = /[/-](\d+\.\d+(?:\.\d+)?)[^/]*\/bin\/python[\d.]*$/.exec(candidate.program)?.[1];
  const named = candidate.onPath ? minorOf(candidate) : folder;
  return named === undefined || mayAccept(request, named);
}

/** The version in the name of a program, `3.11` of `python3.11`. */
function minorOf({ program }: Candidate): string | undefined {
  return /\/python(\d+\.\d+)$/.exec(program)?.[1];
}

/** In the order of PATH, but the names of minor versions after the others, the newest first. */
function inOrder(candidates: readonly Candidate[], { version }: PythonRequest): Candidate[] {
  const rank = (one: Candidate): number => {
    const minor = minorOf(one);
    if (!one.onPath) return 2;
    return minor === undefined || minor === version ? 0 : 1;
  };
  const newest = (one: Candidate): number => (rank(one) === 1 ? -Number(minorOf(one)?.split('.')[1]) : 0);
  return [...candidates].sort((a, b) => rank(a) - rank(b) || newest(a) - newest(b));
}

/** The first of the same major version: what plain `python3` gives. */
function standIn(found: readonly Interpreter[], request: PythonRequest): Interpreter | undefined {
  const major = request.version?.split('.', 1)[0];
  return found.find((one) => major === undefined || satisfies(one.probe.version, major));
}

function missing(request: PythonRequest, found: readonly Interpreter[]): AgentError {
  const asked = request.program ?? `Python ${describeVersion(request) ?? '3'}`;
  const others = found.map((one) => `${one.probe.version} (${one.program})`).join(', ');
  const where = request.program?.includes('/') ? '' : ` in ${PLACES_SEARCHED}`;
  const cause = `${asked}, asked for by ${request.by}, was not found${where}; found: ${others || 'no Python at all'}`;
  return new AgentError('PYTHON_MISSING', cause, {
    hint:
      request.program === undefined
        ? `Install ${asked}, for example with "uv python install ${describeVersion(request) ?? '3'}", or choose another with agent.default_python and agent.ignore_requested_python_version.`
        : 'Correct agent.python_binary.',
  });
}

function identityOf(candidate: Candidate, answer: Probe): string {
  return [
    candidate.real,
    candidate.stamp,
    answer.implementation,
    answer.version,
    answer.prefix,
    answer.abi,
    answer.platform,
  ].join('|');
}

function distinct(candidates: readonly Candidate[]): Candidate[] {
  const seen = new Set<string>();
  return candidates.filter((candidate) => !seen.has(candidate.program) && seen.add(candidate.program));
}
