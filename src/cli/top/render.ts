import type { GpuFacts } from '../../daemon/daemon-reading.js';
import type { RunView } from '../../daemon/runs/run-board.js';
import { cell, cutTo, plain, spanText } from './cells.js';
import type { Reading } from './reading.js';

export interface Screen {
  columns: number;
  /** Lines that may be shown; all without it. */
  rows?: number;
}

/** From this width on, the last line of a task's log is beside the task and not below it. */
const WIDE = 110;

/** The screen of `agent top`, line by line; no line is wider than the screen. */
export function renderTop(reading: Reading, screen: Screen): string[] {
  const { columns, rows = Number.POSITIVE_INFINITY } = screen;
  const head = [
    ...stateLines(reading),
    ...queueLines(reading),
    '',
    ...gpuLines(reading, columns),
    ...serviceLines(reading),
  ];
  const tasks = taskLines(reading, columns);
  const lines = [...head, ...tasks.map(({ text }) => text)];
  if (lines.length <= rows) return lines.map((line) => cutTo(line, columns));
  const shown = tasks.slice(0, Math.max(0, rows - head.length - 1));
  const hidden = reading.runs.length - shown.filter(({ first }) => first).length;
  const more = `… ${hidden} more of ${reading.runs.length} tasks; "agent tasks" lists all`;
  return [...head, ...shown.map(({ text }) => text), more].slice(0, rows).map((line) => cutTo(line, columns));
}

function stateLines({ worker, pid, state, since, until, cause, slots, time }: Reading): string[] {
  const of = slots.limit === undefined ? '' : ` of ${slots.limit}`;
  const busy = `${slots.running}${of} ${(slots.limit ?? slots.running) === 1 ? 'slot' : 'slots'} in use`;
  const first = `${plain(worker)} (process ${pid})  ${state}  ${busy}  ${clockText(time)}`;
  if (state === 'running') return [first];
  const why = [
    ...(since === undefined ? [] : [`since ${clockText(Date.parse(since))}`]),
    ...(until === undefined ? [] : [`until ${clockText(Date.parse(until))}`]),
    ...(cause === undefined ? [] : [`asked for by ${plain(cause)}`]),
  ];
  return [first, `${state} ${why.join(', ')}`];
}

function clockText(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19).concat(' UTC');
}

/** A length that is older than this is shown with its age. */
const OLD_MS = 15_000;

function queueLines({ queues, time }: Reading): string[] {
  const parts = queues.map(({ name, waiting, seen }) => {
    if (seen === undefined || waiting === undefined) return `${plain(name)} ?`;
    const age = time - seen;
    return `${plain(name)} ${waiting}${age > OLD_MS ? ` (${spanText(age)} ago)` : ''}`;
  });
  return [`waiting in queues: ${parts.length === 0 ? '-' : parts.join(', ')}`];
}

function gpuLines({ gpus, runs }: Reading, columns: number): string[] {
  if (gpus.length === 0) return [];
  const id = Math.max(3, ...gpus.map((gpu) => gpu.id.length));
  const name = Math.min(columns - id - 44, Math.max(4, ...gpus.map((gpu) => gpu.name.length)));
  const row = (words: readonly [string, string, string, string, string, string]) =>
    [
      cell(words[0], id),
      cell(words[1], Math.max(4, name)),
      words[2].padStart(5),
      words[3].padStart(15),
      words[4].padStart(6),
      words[5],
    ]
      .join('  ')
      .trimEnd();
  return [
    row(['GPU', 'NAME', 'USE', 'MEMORY', 'TEMP', 'TASKS']),
    ...gpus.map((gpu) =>
      row([
        gpu.id,
        plain(gpu.name),
        percent(gpu.use),
        memoryText(gpu),
        degrees(gpu.temperature),
        ownersOf(gpu, runs),
      ]),
    ),
    '',
  ];
}

function serviceLines({ outOfService = [], time }: Reading): string[] {
  if (outOfService.length === 0) return [];
  const lines = outOfService.map(
    ({ id, reason, at }) => `GPU ${plain(id)} out of service for ${spanText(time - at)}: ${plain(reason)}`,
  );
  return [...lines, ''];
}

function percent(value: number | undefined): string {
  return value === undefined ? '-' : `${Math.round(value)} %`;
}

function degrees(value: number | undefined): string {
  return value === undefined ? '-' : `${Math.round(value)} °C`;
}

function memoryText({ memoryUsed, memoryTotal }: GpuFacts): string {
  if (memoryUsed === undefined || memoryTotal === undefined) return '-';
  return `${(memoryUsed / 1024).toFixed(1)}/${(memoryTotal / 1024).toFixed(1)} GiB`;
}

function ownersOf({ id }: GpuFacts, runs: readonly RunView[]): string {
  const ids = runs.filter(({ devices }) => devices?.includes(id)).map(({ task }) => task);
  return ids.map((task) => shortId(task, runs)).join(' ');
}

interface TaskLine {
  text: string;
  /** Whether it begins a task. */
  first: boolean;
}

function taskLines({ runs, time }: Reading, columns: number): TaskLine[] {
  if (runs.length === 0) return [{ text: 'no task runs', first: false }];
  const wide = columns >= WIDE;
  const ids = runs.map(({ task }) => shortId(task, runs));
  const id = Math.max(4, ...ids.map((one) => one.length));
  const gpus = Math.max(4, ...runs.map(({ devices = [] }) => devices.join(',').length));
  const room = columns - id - gpus - FIXED;
  const name = Math.max(4, wide ? Math.min(Math.floor(room / 3), longestName(runs)) : room);
  const row = (words: readonly [string, string, string, string, string], last: string) =>
    [
      cell(words[0], id),
      cell(words[1], name),
      cell(words[2], 17),
      cell(words[3], 6),
      cell(words[4], gpus),
      last,
    ]
      .join('  ')
      .trimEnd();
  const head = row(['TASK', 'NAME', 'PHASE', 'AGE', 'GPUS'], wide ? 'LAST LINE' : '');
  return [
    { text: head, first: false },
    ...runs.flatMap((run, index): TaskLine[] => {
      const phase = `${run.phase} ${spanText(time - run.phaseSince)}`;
      const age = spanText(time - run.started);
      const last = run.lastLine === undefined ? '' : plain(run.lastLine);
      const words = [
        ids[index] ?? '',
        plain(run.name ?? ''),
        phase,
        age,
        run.devices?.join(',') || '-',
      ] as const;
      const text = row(words, wide ? last : '');
      return wide || last === ''
        ? [{ text, first: true }]
        : [
            { text, first: true },
            { text: `  ${last}`, first: false },
          ];
    }),
  ];
}

/** Phase, age and the blanks between the columns. */
const FIXED = 17 + 6 + 10;

function longestName(runs: readonly RunView[]): number {
  return Math.max(4, ...runs.map(({ name = '' }) => plain(name).length));
}

const SHORT_ID = 8;

/** The beginning of an id that tells it from the others; `agent logs` and `agent stop` take it. */
function shortId(task: string, runs: readonly RunView[]): string {
  for (let length = SHORT_ID; length < task.length; length += 1) {
    const start = task.slice(0, length);
    if (runs.every((run) => run.task === task || !run.task.startsWith(start))) return plain(start);
  }
  return plain(task);
}
