import { isFields } from './paths.js';

/** Values by the names that steps refer to as `$name` or `${name}`. */
export type Variables = Record<string, unknown>;

const WHOLE = /^\$(?:\{(\w+)\}|(\w+))$/;
const INSIDE = /\$(?:\{(\w+)\}|([A-Za-z]\w*))/g;

/**
 * The value with its references replaced, and `{"$ms": n}` and `{"$sec": n}` by the time now plus n. A `$`
 * before an unknown name is plain text.
 */
export function filledIn(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') return filledInText(value, variables);
  if (Array.isArray(value)) return value.map((item) => filledIn(item, variables));
  if (!isFields(value)) return value;
  const { $ms: ms, $sec: sec } = value;
  if (typeof ms === 'number') return Date.now() + ms;
  if (typeof sec === 'number') return Math.floor(Date.now() / 1000) + sec;
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, item]) => [asText(key, variables), filledIn(item, variables)]),
  );
}

export function asText(text: string, variables: Variables): string {
  return String(filledInText(text, variables));
}

/** A text that is one reference only becomes the value itself. */
function filledInText(text: string, variables: Variables): unknown {
  const whole = WHOLE.exec(text);
  const name = whole?.[1] ?? whole?.[2] ?? '';
  if (Object.hasOwn(variables, name)) return variables[name];
  return text.replaceAll(INSIDE, (all: string, braced?: string, bare?: string) => {
    const inner = braced ?? bare ?? '';
    return Object.hasOwn(variables, inner) ? String(variables[inner]) : all;
  });
}
