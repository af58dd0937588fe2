import type { Bindable, Database, Row } from '../storage/database.js';
import { SINGLE_VALUE_ITERATION } from './single-value.js';

/** Points of a block, but for those of the last iteration. */
const BLOCK_POINTS = 2000;
/** New points of a curve from which on a block is made of them. */
const LEAST_POINTS = 50;

/** A curve of a task, or another owner. */
export interface CurveId {
  /** The key of its events (`metric-store.ts`). */
  task: string;
  metric: string;
  variant: string;
}

/** Points by iteration; those of one iteration in the order of their first report. */
export interface Points {
  values: Float64Array;
  /** Iterations, or times in milliseconds. */
  xs: Float64Array;
}

/** Iterations after one up to another. */
interface Span {
  after: number;
  last: number;
}

const EVERYTHING: Span = { after: Number.MIN_SAFE_INTEGER - 1, last: Number.MAX_SAFE_INTEGER };

const CURVE = 'task = ? AND metric = ? AND variant = ?';
const EVENTS = `FROM metric_events WHERE task = ? AND type = 'training_stats_scalar' AND metric = ? AND variant = ?
  AND iter > ? AND iter <= ? AND iter <> ${SINGLE_VALUE_ITERATION} AND value IS NOT NULL`;

/** The block that has an iteration, which is reported again, is no longer true. */
export function noteScalar(database: Database, { task, metric, variant }: CurveId, iter: number): void {
  const sql = `SELECT block, after FROM scalar_blocks WHERE ${CURVE} AND last >= ? ORDER BY last LIMIT 1`;
  const row = database.get(sql, task, metric, variant, iter);
  if (row === undefined || Number(row.after) >= iter) return;
  database.run('DELETE FROM scalar_blocks WHERE block = ?', Number(row.block));
}

/** Counts new points, of which `packOnce` makes blocks when they are many. */
export function countScalars(database: Database, task: string, count: number): void {
  const sql = `INSERT INTO loose_scalars (task, count) VALUES (?, ?)
    ON CONFLICT (task) DO UPDATE SET count = count + excluded.count`;
  database.run(sql, task, count);
}

/** The curves of a key by name; found by seeking, as it may have many points. */
export function curvesOf(database: Database, task: string): CurveId[] {
  const curves: CurveId[] = [];
  for (let next = curveAfter(database, task); next !== undefined; next = curveAfter(database, task, next))
    curves.push(next);
  return curves;
}

/** SQLite seeks one column beyond a value, but not two. */
function curveAfter(database: Database, task: string, last?: Omit<CurveId, 'task'>): CurveId | undefined {
  const seek = (condition: string, ...bound: string[]) => {
    const sql = `SELECT metric, variant FROM metric_events WHERE task = ? AND type = 'training_stats_scalar'
      ${condition} ORDER BY metric, variant LIMIT 1`;
    return database.get(sql, task, ...bound);
  };
  const row =
    last === undefined
      ? seek('')
      : (seek('AND metric = ? AND variant > ?', last.metric, last.variant) ??
        seek('AND metric > ?', last.metric));
  return row === undefined ? undefined : { task, metric: String(row.metric), variant: String(row.variant) };
}

/** All points of a curve. */
export function pointsOfCurve(database: Database, curve: CurveId, axis: 'iter' | 'timestamp'): Points {
  const { task, metric, variant } = curve;
  const xs = axis === 'iter' ? 'iters' : 'times';
  const sql = `SELECT after, last, vals, ${xs} AS xs FROM scalar_blocks WHERE ${CURVE} ORDER BY last`;
  const blocks = database.all(sql, task, metric, variant);
  const parts: Points[] = [];
  for (const { span, block } of cover(blocks)) {
    if (block !== undefined) parts.push({ values: doubles(block.vals), xs: doubles(block.xs) });
    else parts.push(eventPoints(database, curve, span, axis));
  }
  return { values: joined(parts.map(({ values }) => values)), xs: joined(parts.map((part) => part.xs)) };
}

/** Blocks in order, and the spans between them. */
function* cover(blocks: readonly Row[]): Generator<{ span: Span; block?: Row }> {
  let { after } = EVERYTHING;
  for (const block of blocks) {
    if (Number(block.after) > after) yield { span: { after, last: Number(block.after) } };
    after = Number(block.last);
    yield { span: { after: Number(block.after), last: after }, block };
  }
  if (after < EVERYTHING.last) yield { span: { after, last: EVERYTHING.last } };
}

function eventPoints(
  database: Database,
  { task, metric, variant }: CurveId,
  { after, last }: Span,
  axis: 'iter' | 'timestamp',
): Points {
  const sql = `SELECT ${axis} AS x, value ${EVENTS} ORDER BY iter, sequence`;
  const rows = database.all(sql, task, metric, variant, after, last);
  return {
    values: Float64Array.from(rows, ({ value }) => Number(value)),
    xs: Float64Array.from(rows, ({ x }) => Number(x)),
  };
}

/** Makes at most one block for a task with many new points; whether there was one. */
export function packOnce(database: Database): boolean {
  const row = database.get(
    'SELECT task, passing, metric, variant FROM loose_scalars WHERE count >= 1000 OR passing = 1 LIMIT 1',
  );
  if (row === undefined) return false;
  const task = String(row.task);
  if (row.passing !== 1)
    database.run('UPDATE loose_scalars SET count = 0, passing = 1, metric = NULL WHERE task = ?', task);
  const last =
    row.passing !== 1 || row.metric === null
      ? undefined
      : { metric: String(row.metric), variant: String(row.variant) };
  const curve = curveAfter(database, task, last);
  if (curve === undefined) {
    database.run(
      'UPDATE loose_scalars SET passing = NULL, metric = NULL, variant = NULL WHERE task = ?',
      task,
    );
    return true;
  }
  if (packCurve(database, curve)) return true;
  const sql = 'UPDATE loose_scalars SET metric = ?, variant = ? WHERE task = ?';
  database.run(sql, curve.metric, curve.variant, task);
  return true;
}

/** Makes the next block of a curve; whether there was one. */
function packCurve(database: Database, curve: CurveId): boolean {
  const sql = `SELECT block, after, last, count FROM scalar_blocks WHERE ${CURVE} ORDER BY last`;
  const blocks = database.all(sql, curve.task, curve.metric, curve.variant);
  const gap = [...cover(blocks)].find(({ block }) => block === undefined);
  if (gap === undefined) return false;
  if (gap.span.last !== EVERYTHING.last) return packSpan(database, curve, gap.span);
  const { task, metric, variant } = curve;
  const few = `SELECT count(*) AS n FROM (SELECT 1 ${EVENTS} LIMIT ${LEAST_POINTS})`;
  const found = database.get(few, task, metric, variant, gap.span.after, gap.span.last);
  if (Number(found?.n) < LEAST_POINTS) return false;
  const end = blocks.at(-1);
  if (end === undefined || Number(end.count) >= BLOCK_POINTS / 2) return packSpan(database, curve, gap.span);
  // A short block at the end grows.
  database.run('DELETE FROM scalar_blocks WHERE block = ?', Number(end.block));
  return packSpan(database, curve, { after: Number(end.after), last: gap.span.last });
}

function packSpan(database: Database, { task, metric, variant }: CurveId, span: Span): boolean {
  const select = `SELECT iter, timestamp, value, sequence ${EVENTS} ORDER BY iter, sequence`;
  const rows = database.all(`${select} LIMIT ${BLOCK_POINTS}`, task, metric, variant, span.after, span.last);
  const end = rows.at(-1);
  const isWhole = end === undefined || rows.length < BLOCK_POINTS;
  if (!isWhole) {
    // All points of an iteration are in one block.
    const iter = Number(end.iter);
    const same = database.all(select, task, metric, variant, iter - 1, iter);
    rows.splice(
      rows.findIndex((row) => row.iter === end.iter),
      rows.length,
      ...same,
    );
  }
  const isOpenEnd = span.last === EVERYTHING.last;
  const last = isWhole && !isOpenEnd ? span.last : Number(end?.iter ?? span.last);
  const column = (name: 'value' | 'iter' | 'timestamp'): Bindable =>
    new Uint8Array(Float64Array.from(rows, (row) => Number(row[name])).buffer);
  const sql = `INSERT INTO scalar_blocks (task, metric, variant, after, last, count, vals, iters, times)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
  const columns = [column('value'), column('iter'), column('timestamp')];
  database.run(sql, task, metric, variant, span.after, last, rows.length, ...columns);
  return true;
}

function doubles(data: unknown): Float64Array {
  if (data instanceof ArrayBuffer) return new Float64Array(data);
  throw new Error('a block of scalars is damaged');
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const [only, other] = parts;
  if (only !== undefined && other === undefined) return only;
  const all = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
