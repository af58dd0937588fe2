import type { CreateRequest, HostConfig } from '../create-request.js';
import type { RunOption } from './option.js';
import { readFlag } from './values.js';

/** Names of the fields of `T` that hold a `V`. */
type FieldOf<T, V> = { [K in keyof T]-?: V extends Exclude<T[K], undefined> ? K : never }[keyof T];
type Names = Pick<RunOption, 'short' | 'aliases' | 'since'>;

/** Options whose value goes as it is into one field, where the engine checks it. The last one counts. */
export function requestText(
  name: string,
  field: FieldOf<CreateRequest, string>,
  names: Names = {},
): RunOption {
  return {
    name,
    takes: 'value',
    ...names,
    apply: (draft, given) => assign(draft.request, field, given.value),
  };
}

export function hostText(name: string, field: FieldOf<HostConfig, string>, names: Names = {}): RunOption {
  return { name, takes: 'value', ...names, apply: (draft, given) => assign(draft.host, field, given.value) };
}

/** Every one counts. */
export function hostList(name: string, field: FieldOf<HostConfig, string[]>, names: Names = {}): RunOption {
  return {
    name,
    takes: 'value',
    ...names,
    apply: ({ host }, given) => assign(host, field, [...(host[field] ?? []), given.value]),
  };
}

export function requestFlag(name: string, field: FieldOf<CreateRequest, boolean>, short?: string): RunOption {
  return {
    name,
    ...letter(short),
    takes: 'flag',
    apply: (draft, given) => assign(draft.request, field, readFlag(given)),
  };
}

export function hostFlag(name: string, field: FieldOf<HostConfig, boolean>, short?: string): RunOption {
  return {
    name,
    ...letter(short),
    takes: 'flag',
    apply: (draft, given) => assign(draft.host, field, readFlag(given)),
  };
}

/** Steers the docker command itself, which is not used here, so it has no effect. */
export function clientFlag(name: string, short?: string): RunOption {
  return { name, ...letter(short), takes: 'flag', apply: (_, given) => void readFlag(given) };
}

function letter(short: string | undefined): Names {
  return short === undefined ? {} : { short };
}

function assign<T, K extends keyof T>(target: T, field: K, value: T[K]): void {
  target[field] = value;
}
