import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { type Misfit, type Shape, shaped } from '../../api/answer-shape.js';
import { causeLine } from '../../errors.js';
import { diskError, isMissing, writeFileDurable } from '../../os/files.js';
import { refuseNewer } from '../../os/format-version.js';
import { type RecordFile, readRecord } from '../../os/record-file.js';
import type { Claim, Holder, OutOfService, Reservation, TableView } from './types.js';

/** Version of the files. */
const FORMAT = 1;
/** Every user reads them; only their owner writes them. */
const RECORD_MODE = 0o644;
/** A claim of 16 devices has some 2 KiB. */
const MOST_BYTES = 64 * 1024;
/** A folder with more was not filled by agents. */
const MOST_RECORDS = 4096;

export type RecordKind = 'claim' | 'reservation' | 'out-of-service';

export const CLAIM_ID = /^[0-9a-f]{16}$/;

const DEVICE_LIST: Shape = { list: { fields: { key: 'text', id: 'text' }, needs: ['key', 'id'] } };
const HOLDER: Shape = {
  fields: {
    pid: 'number',
    started: 'text',
    host: 'text',
    boot: 'text',
    pids: 'text',
    mounts: 'text',
    nonce: 'text',
  },
  needs: ['pid', 'started', 'host', 'nonce'],
};

const SHAPES: Readonly<Record<RecordKind, Shape>> = {
  claim: {
    fields: {
      id: 'text',
      worker: 'text',
      task: 'text',
      devices: {
        list: { fields: { key: 'text', id: 'text', share: 'number' }, needs: ['key', 'id', 'share'] },
      },
      endsBy: 'number',
      runFolder: 'text',
      holder: HOLDER,
    },
    needs: ['id', 'worker', 'devices', 'holder'],
  },
  reservation: {
    fields: { worker: 'text', devices: DEVICE_LIST, until: 'number', holder: HOLDER },
    needs: ['worker', 'devices', 'until', 'holder'],
  },
  'out-of-service': {
    fields: { key: 'text', id: 'text', reason: 'text', at: 'number' },
    needs: ['key', 'id', 'reason', 'at'],
  },
};

/** Every record of the folder as it is written, those of the dead included. */
export interface Records {
  claims: Claim[];
  reservations: Reservation[];
  outOfService: OutOfService[];
  damaged: TableView['damaged'][number][];
}

export function recordFile(folder: string, kind: RecordKind, name: string): string {
  return path.join(folder, `${kind}-${name}.json`);
}

/** @throws AgentError DISK_FULL, WRITE_DENIED */
export async function writeRecord(file: string, value: Claim | Reservation | OutOfService): Promise<void> {
  await writeFileDurable(file, `${JSON.stringify({ format: FORMAT, ...value })}\n`, RECORD_MODE);
}

export async function removeRecord(file: string): Promise<void> {
  await rm(file, { force: true }).catch((error: unknown) => {
    throw diskError(error, file);
  });
}

/** No folder is an empty table. A damaged record of the two other kinds says nothing and is left out. */
export async function readRecords(folder: string): Promise<Records> {
  const records: Records = { claims: [], reservations: [], outOfService: [], damaged: [] };
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw diskError(error, folder);
  });
  const found = names.flatMap((name) => {
    const kind = /^(claim|reservation|out-of-service)-[0-9a-f]{16}\.json$/.exec(name)?.[1];
    return kind === undefined ? [] : [{ kind, file: path.join(folder, name) }];
  });
  if (found.length > MOST_RECORDS) {
    records.damaged.push({
      file: folder,
      why: `expected at most ${MOST_RECORDS} records, found ${found.length}`,
    });
    return records;
  }
  for (const { kind, file } of found) await addRecord(records, kind, file);
  return records;
}

async function addRecord(records: Records, kind: string, file: string): Promise<void> {
  const record = await readRecord(file, MOST_BYTES).catch(
    (error: unknown): RecordFile => ({ problem: causeLine(error) }),
  );
  // It was removed since the folder was read.
  if (record === undefined) return;
  const read = 'problem' in record ? record : parseRecord(kind as RecordKind, record);
  if ('problem' in read) {
    if (kind === 'claim') records.damaged.push({ file, why: read.problem });
  } else if (kind === 'claim') records.claims.push(read.value as Claim);
  else if (kind === 'reservation') records.reservations.push(read.value as Reservation);
  else records.outOfService.push(read.value as OutOfService);
}

function parseRecord(
  kind: RecordKind,
  { text, uid }: { text: string; uid: number },
): { value: unknown } | { problem: string } {
  try {
    const parsed: unknown = JSON.parse(text);
    refuseNewer('it', Object(parsed).format, FORMAT);
    const misfits: Misfit[] = [];
    const value = shaped(parsed, SHAPES[kind], (misfit) => misfits.push(misfit));
    const [first] = misfits;
    if (first !== undefined)
      return { problem: `expected ${first.expected}${first.place === '' ? '' : ` as ${first.place}`}` };
    if (kind === 'claim' && !(value as Claim).devices.every(({ share }) => share > 0 && share <= 1))
      return { problem: 'expected shares above 0 and at most 1' };
    return { value: withOwner(value, uid) };
  } catch (error) {
    return {
      problem: error instanceof SyntaxError ? 'expected JSON, found a damaged file' : causeLine(error),
    };
  }
}

/** Whose a record is, the file system knows; what the record says of it is only a word. */
function withOwner(value: unknown, uid: number): unknown {
  const { format: _format, ...record }: { format?: number; holder?: Holder } = { ...Object(value) };
  return record.holder === undefined ? record : { ...record, holder: { ...record.holder, uid } };
}
