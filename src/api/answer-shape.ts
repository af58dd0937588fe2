/** What a value of an answer must be. `any` and whatever a shape does not name is passed on as it came. */
export type Shape =
  | 'any'
  | 'text'
  | 'number'
  | 'object'
  | { readonly list: Shape }
  | { readonly fields: Readonly<Record<string, Shape>>; readonly needs?: readonly string[] };

/** A value that is not what its place in an answer must hold. */
export interface Misfit {
  /** `tasks[].runtime` */
  place: string;
  /** `a text` */
  expected: string;
  found: unknown;
}

/**
 * A value as its shape has it. What has the wrong type counts as missing, and an element of a list that is wrong, or
 * lacks what it needs, is left out of it; `null` is always taken. A server of another version, or one that talks
 * nonsense, costs the agent a field and never a crash.
 *
 * @param tell called for each value that is left out
 * @returns `undefined` when the value as a whole does not fit
 */
export function shaped(value: unknown, shape: Shape, tell: (misfit: Misfit) => void, place = ''): unknown {
  const fitted = inShape(value, shape, { tell, place });
  if (fitted === undefined) tell({ place, expected: EXPECTED[kindOf(shape)], found: value });
  return fitted;
}

type Kind = 'any' | 'text' | 'number' | 'object' | 'list';

const EXPECTED: Readonly<Record<Kind, string>> = {
  any: 'anything',
  text: 'a text',
  number: 'a number',
  object: 'an object',
  list: 'a list',
};

function kindOf(shape: Shape): Kind {
  if (typeof shape === 'string') return shape;
  return 'list' in shape ? 'list' : 'object';
}

interface Fitting {
  tell: (misfit: Misfit) => void;
  place: string;
}

function inShape(value: unknown, shape: Shape, { tell, place }: Fitting): unknown {
  if (shape === 'any') return value;
  if (shape === 'text') return typeof value === 'string' ? value : undefined;
  if (shape === 'number') return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  if (shape === 'object') return isRecord(value) ? value : undefined;
  if ('list' in shape) {
    if (!Array.isArray(value)) return undefined;
    return value.flatMap((one: unknown) => shaped(one, shape.list, tell, `${place}[]`) ?? []);
  }
  return isRecord(value) ? withFields(value, shape, { tell, place }) : undefined;
}

function withFields(
  value: Readonly<Record<string, unknown>>,
  { fields, needs = [] }: Extract<Shape, { fields: unknown }>,
  { tell, place }: Fitting,
): Record<string, unknown> | undefined {
  const fitted: Record<string, unknown> = { ...value };
  for (const [name, shape] of Object.entries(fields)) {
    if (!Object.hasOwn(value, name)) continue;
    const found = value[name];
    const whole = place === '' ? name : `${place}.${name}`;
    fitted[name] = found === null || found === undefined ? found : shaped(found, shape, tell, whole);
  }
  const lacking = needs.find((name) => fitted[name] === undefined || fitted[name] === null);
  if (lacking === undefined) return fitted;
  const whole = place === '' ? lacking : `${place}.${lacking}`;
  if (!Object.hasOwn(value, lacking)) tell({ place: whole, expected: 'a value', found: undefined });
  return undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
