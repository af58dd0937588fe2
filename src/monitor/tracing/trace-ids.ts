import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { readTextIfThere, writeFileDurable } from '../../os/files.js';

/** What the spans of one run have in common, over all daemons that work on it. */
export interface TraceIds {
  /** 32 and 16 hexadecimal digits. */
  trace: string;
  root: string;
  /** Milliseconds since the epoch. */
  startedAt: number;
}

const FILE = 'trace.json';

/** The ids of a run's trace: those that an earlier daemon has noted, or new ones. */
export async function traceIds(runFolder: string): Promise<TraceIds> {
  const file = path.join(runFolder, FILE);
  const known = idsIn(await readTextIfThere(file).catch(() => undefined));
  if (known !== undefined) return known;
  const ids = {
    trace: randomBytes(16).toString('hex'),
    root: randomBytes(8).toString('hex'),
    startedAt: Date.now(),
  };
  // Without the note, a later daemon begins a trace of its own.
  await writeFileDurable(file, JSON.stringify(ids)).catch(() => undefined);
  return ids;
}

function idsIn(text: string | undefined): TraceIds | undefined {
  const { trace, root, startedAt }: Partial<Record<string, unknown>> = { ...Object(parsed(text)) };
  const isWhole =
    typeof trace === 'string' &&
    /^[0-9a-f]{32}$/.test(trace) &&
    typeof root === 'string' &&
    /^[0-9a-f]{16}$/.test(root) &&
    typeof startedAt === 'number';
  return isWhole ? { trace, root, startedAt } : undefined;
}

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
