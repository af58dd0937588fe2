import { ownMember } from '../os/own-member.js';
import { normalName } from './requirement.js';
import { meets } from './version.js';

/** Values of the names in an environment marker, such as `python_version`. */
export type MarkerValues = Readonly<Record<string, string>>;

/** What an interpreter says of itself. */
interface InterpreterFacts {
  /** `3.11.7`. */
  version: string;
  /** `sys.implementation.name`: `cpython`. */
  implementation: string;
  /** `sysconfig.get_platform()`: `linux-x86_64`. */
  platform: string;
}

/** The marker values of an interpreter. */
export function markerValues(probe: InterpreterFacts): MarkerValues {
  const [system = '', ...machine] = probe.platform.split('-');
  const linux = system === 'linux';
  return {
    python_version: probe.version.split('.').slice(0, 2).join('.'),
    python_full_version: probe.version,
    implementation_name: probe.implementation,
    platform_python_implementation: probe.implementation === 'cpython' ? 'CPython' : probe.implementation,
    sys_platform: linux ? 'linux' : system === 'macosx' ? 'darwin' : 'win32',
    platform_system: linux ? 'Linux' : system === 'macosx' ? 'Darwin' : 'Windows',
    os_name: system === 'win' ? 'nt' : 'posix',
    platform_machine: machine.at(-1) ?? '',
    extra: '',
  };
}

/**
 * Whether a marker holds (`python_version < '3.10' and sys_platform == 'linux'`). A marker that cannot be
 * read counts as true: the installer, which reads it too, has the last word.
 */
export function markerHolds(marker: string, values: MarkerValues): boolean {
  const tokens = marker.match(/'[^']*'|"[^"]*"|[()]|===|==|~=|!=|<=|>=|<|>|[A-Za-z_.]+/g) ?? [];
  const state = { tokens, at: 0, values };
  const result = alternatives(state);
  return result === undefined || state.at !== tokens.length ? true : result;
}

interface State {
  tokens: readonly string[];
  at: number;
  values: MarkerValues;
}

function alternatives(state: State): boolean | undefined {
  let result = conjunction(state);
  while (state.tokens[state.at] === 'or') {
    state.at += 1;
    const right = conjunction(state);
    result = result === undefined || right === undefined ? undefined : result || right;
  }
  return result;
}

function conjunction(state: State): boolean | undefined {
  let result = comparison(state);
  while (state.tokens[state.at] === 'and') {
    state.at += 1;
    const right = comparison(state);
    result = result === undefined || right === undefined ? undefined : result && right;
  }
  return result;
}

function comparison(state: State): boolean | undefined {
  if (state.tokens[state.at] === '(') {
    state.at += 1;
    const inner = alternatives(state);
    if (state.tokens[state.at] !== ')') return undefined;
    state.at += 1;
    return inner;
  }
  const left = operand(state);
  let operator = state.tokens[state.at++];
  if (operator === 'not') operator = `not ${state.tokens[state.at++]}`;
  const right = operand(state);
  if (left === undefined || right === undefined || operator === undefined) return undefined;
  if (operator === 'in') return right.text.includes(left.text);
  if (operator === 'not in') return !right.text.includes(left.text);
  if (!/^(===|==|~=|!=|<=|>=|<|>)$/.test(operator)) return undefined;
  if (left.kind === 'version' || right.kind === 'version') return meets(left.text, [operator, right.text]);
  const names = left.kind === 'extra' || right.kind === 'extra';
  const equal = names ? normalName(left.text) === normalName(right.text) : left.text === right.text;
  return operator === '==' || operator === '===' ? equal : operator === '!=' && !equal;
}

interface Operand {
  text: string;
  /** Decides how it is compared: versions by PEP 440, names of extras in their normal form (PEP 685). */
  kind: 'version' | 'extra' | 'text';
}

function operand(state: State): Operand | undefined {
  const token = state.tokens[state.at++];
  if (token === undefined) return undefined;
  if (/^['"]/.test(token)) return { text: token.slice(1, -1), kind: 'text' };
  const text = ownMember(state.values, token);
  if (text === undefined) return undefined;
  if (token === 'extra') return { text, kind: 'extra' };
  return { text, kind: token.endsWith('version') ? 'version' : 'text' };
}
