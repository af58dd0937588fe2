import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { isObject, type Json, type JsonObject, setField } from '../../json.js';

/** A line of a task's log. */
export interface LogLine {
  /** Milliseconds. */
  timestamp: number;
  /** Orders lines of the same time: that of their arrival. */
  sequence: number;
  body: JsonObject;
}

/** Values of the lines: one for all, differences of whole numbers, one a line, or the time of the line. */
type Column = { all: Json } | Numbers | { isTime: 1 };
type Numbers = { steps: number[] } | { each: Json[] };

/** Lines with the same fields in the same order. */
interface Shape {
  keys: string[];
  columns: Column[];
}

interface Columns {
  times: Numbers;
  /** Absent: each line's is one more than that of the line before. */
  sequences?: Numbers;
  shapes: Shape[];
  /** The shape of each line, if there are several. */
  shapeOf?: number[];
}

/** Lines of one shape. */
interface Group {
  index: number;
  keys: string[];
  lines: LogLine[];
}

/** Level of deflate: higher ones take twice as long for a tenth less. */
const LEVEL = 3;
/** Whole numbers whose differences are exact. */
const MAX_EXACT = 2 ** 51;

/** Lines by time as one text, in columns: what they share is in it once. */
export function blockText(lines: readonly LogLine[]): string {
  const groups = new Map<string, Group>();
  let last: Group | undefined;
  const shapeOf = lines.map((line) => {
    const keys = Object.keys(line.body).filter((key) => line.body[key] !== undefined);
    // Most lines look like the one before.
    if (last === undefined || !isSame(last.keys, keys)) {
      const name = JSON.stringify(keys);
      last = groups.get(name) ?? { index: groups.size, keys, lines: [] };
      groups.set(name, last);
    }
    last.lines.push(line);
    return last.index;
  });
  const isNext = ({ sequence }: LogLine, index: number) => sequence === (lines[0]?.sequence ?? 0) + index;
  const columns: Columns = {
    times: numbers(lines.map(({ timestamp }) => timestamp)),
    ...(lines.every(isNext) ? {} : { sequences: numbers(lines.map(({ sequence }) => sequence)) }),
    shapes: [...groups.values()].map((group) => ({
      keys: group.keys,
      columns: group.keys.map((key) => columnOf(key, group.lines)),
    })),
    ...(groups.size > 1 ? { shapeOf } : {}),
  };
  return JSON.stringify(columns);
}

function isSame(keys: readonly string[], others: readonly string[]): boolean {
  return keys.length === others.length && keys.every((key, at) => key === others[at]);
}

export function compressed(text: string): Buffer {
  return deflateRawSync(text, { level: LEVEL });
}

function columnOf(key: string, lines: readonly LogLine[]): Column {
  if (key === 'timestamp' && lines.every(({ body, timestamp }) => body[key] === timestamp))
    return { isTime: 1 };
  const values = lines.map(({ body }) => body[key] ?? null);
  const [first = null] = values;
  const isConstant = typeof first !== 'object' && values.every((value) => value === first);
  return isConstant ? { all: first } : numbers(values);
}

function numbers(values: Json[]): Numbers {
  const isExact = (value: Json): value is number =>
    Number.isInteger(value) && Math.abs(Number(value)) < MAX_EXACT;
  if (!values.every(isExact)) return { each: values };
  return { steps: values.map((value, index) => value - (values[index - 1] ?? 0)) };
}

function valuesOf(column: Numbers): Json[] {
  if ('each' in column) return column.each;
  let sum = 0;
  return column.steps.map((step) => {
    sum += step;
    return sum;
  });
}

/** The lines of a block by time. A line is put together when it is asked for. */
export class LogBlock {
  readonly times: readonly number[];
  readonly #first: number;
  readonly #sequences: readonly Json[] | undefined;
  readonly #shapes: readonly Map<string, Read>[];
  readonly #writers: ((place: number) => string)[] = [];
  readonly #shapeOf: readonly number[] | undefined;
  /** The place of each line among those of its shape. */
  readonly #places: readonly number[] | undefined;

  /**
   * @param data what `blockText` made, compressed or not
   * @param first the sequence of the first line
   */
  constructor(data: string | Uint8Array, first: number) {
    const { times, sequences, shapes, shapeOf } = readColumns(data);
    this.times = valuesOf(times).map(Number);
    this.#first = first;
    this.#sequences = sequences === undefined ? undefined : valuesOf(sequences);
    this.#shapeOf = shapeOf;
    this.#places = shapeOf === undefined ? undefined : placesOf(shapeOf);
    this.#shapes = shapes.map((shape, index) => {
      const own = shapeOf === undefined ? this.times : this.times.filter((_, at) => shapeOf[at] === index);
      return new Map(shape.keys.map((key, at) => [key, readerOf(shape.columns[at], own)]));
    });
  }

  get length(): number {
    return this.times.length;
  }

  sequence(index: number): number {
    return this.#sequences === undefined ? this.#first + index : Number(this.#sequences[index]);
  }

  /** The value of a field of a line. */
  value(index: number, key: string): Json | undefined {
    return this.#shape(index)?.get(key)?.(this.#places?.[index] ?? index);
  }

  body(index: number): JsonObject {
    const place = this.#places?.[index] ?? index;
    const body: JsonObject = {};
    for (const [key, read] of this.#shape(index) ?? []) setField(body, key, read(place));
    return body;
  }

  /** The body as JSON, which takes less time than to make it and write it. */
  json(index: number): string {
    return this.#writer(this.#shapeOf?.[index] ?? 0)(this.#places?.[index] ?? index);
  }

  lines(): LogLine[] {
    return this.times.map((timestamp, index) => ({
      timestamp,
      sequence: this.sequence(index),
      body: this.body(index),
    }));
  }

  #writer(shape: number): (place: number) => string {
    const writer = this.#writers[shape] ?? writerOf(this.#shapes[shape] ?? new Map());
    this.#writers[shape] = writer;
    return writer;
  }

  #shape(index: number): Map<string, Read> | undefined {
    return this.#shapes[this.#shapeOf?.[index] ?? 0];
  }
}

/** Reads the value of a line, by its place among those of its shape. */
interface Read {
  (place: number): Json | undefined;
  /** Of a value that all lines have. */
  json?: string;
}

/** Writes bodies of a shape as JSON; what all of them have is written once. */
function writerOf(shape: Map<string, Read>): (place: number) => string {
  const reads: Read[] = [];
  const texts: string[] = [];
  let text = '{';
  for (const [key, read] of shape) {
    text += `${text === '{' && reads.length === 0 ? '' : ','}${JSON.stringify(key)}:${read.json ?? ''}`;
    if (read.json !== undefined) continue;
    texts.push(text);
    reads.push(read);
    text = '';
  }
  const end = `${text}}`;
  return (place) => {
    let json = '';
    for (let at = 0; at < reads.length; at += 1) json += texts[at] + JSON.stringify(reads[at]?.(place));
    return json + end;
  };
}

function readColumns(data: string | Uint8Array): Columns {
  const columns: unknown = JSON.parse(typeof data === 'string' ? data : inflateRawSync(data).toString());
  if (isObject(columns) && isObject(columns.times) && Array.isArray(columns.shapes))
    return columns as unknown as Columns;
  throw new Error('a block of log lines is damaged');
}

function readerOf(column: Column | undefined, times: readonly number[]): Read {
  if (column === undefined) return () => undefined;
  if ('all' in column) return Object.assign(() => column.all, { json: JSON.stringify(column.all) });
  if ('isTime' in column) return (place) => times[place];
  const values = valuesOf(column);
  return (place) => values[place];
}

function placesOf(shapeOf: readonly number[]): number[] {
  const counts: number[] = [];
  return shapeOf.map((shape) => {
    const place = counts[shape] ?? 0;
    counts[shape] = place + 1;
    return place;
  });
}
