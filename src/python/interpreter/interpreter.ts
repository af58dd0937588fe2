import type { Place } from '../../drivers/driver.js';
import { AgentError } from '../../errors.js';
import type { Reporter } from '../../logs/reporter.js';
import { type Candidate, listCandidates, PLACES_SEARCHED } from './interpreter-candidates.js';
import { type Probe, type ProbeCache, probe } from './interpreter-probe.js';
import { type PythonRequest, programNames, satisfies } from './python-request.js';

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
  const candidates = distinct(
    search.candidates ?? (await listCandidates(search.place, programNames(request), search.signal)),
  );
  const found: Interpreter[] = [];
  for (const candidate of candidates) {
    const interpreter = mayFit(candidate, request) ? await ask(search, candidate) : undefined;
    if (interpreter === undefined) continue;
    if (request.program !== undefined || satisfies(interpreter.probe.version, request.version))
      return interpreter;
    found.push(interpreter);
  }
  if (request.program === undefined && (await search.provide?.(request.version ?? '3'))) {
    const { place, cache, signal } = search;
    return findInterpreter({ place, request, cache, reporter, signal });
  }
  const chosen = request.program === undefined ? standIn(found, request) : undefined;
  if (chosen === undefined) throw missing(request, found);
  reporter.line(
    `Python ${request.version} was asked for by ${request.by} and is not on this machine (looked in ${PLACES_SEARCHED}); ` +
      `running with Python ${chosen.probe.version}, ${chosen.program}`,
    'WARNING',
  );
  return chosen;
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
  if (candidate.onPath) return true;
  if (request.program !== undefined) return false;
  if (request.version === undefined) return true;
  const named = /[/-](\d+\.\d+(?:\.\d+)?)[^/]*\/bin\/python[\d.]*$/.exec(candidate.program)?.[1];
  return named === undefined || satisfies(named, request.version);
}

/** The first of the same major version: what plain `python3` gives. */
function standIn(found: readonly Interpreter[], request: PythonRequest): Interpreter | undefined {
  const major = request.version?.split('.', 1)[0];
  return found.find((one) => major === undefined || satisfies(one.probe.version, major));
}

function missing(request: PythonRequest, found: readonly Interpreter[]): AgentError {
  const asked = request.program ?? (request.version === undefined ? 'Python 3' : `Python ${request.version}`);
  const others = found.map((one) => `${one.probe.version} (${one.program})`).join(', ');
  const where = request.program?.includes('/') ? '' : ` in ${PLACES_SEARCHED}`;
  const cause = `${asked}, asked for by ${request.by}, was not found${where}; found: ${others || 'no Python at all'}`;
  return new AgentError('PYTHON_MISSING', cause, {
    hint:
      request.program === undefined
        ? `Install ${asked}, for example with "uv python install ${request.version ?? '3'}", or choose another with agent.default_python and agent.ignore_requested_python_version.`
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
