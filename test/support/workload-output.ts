import type { OutputChunk, Workload } from '../../src/drivers/driver.js';

export interface WholeOutput {
  bytes: Buffer;
  notes: string[];
}

/** All output to the end of the workload. */
export async function wholeOutput(workload: Workload, position = 0): Promise<WholeOutput> {
  const pieces: Uint8Array[] = [];
  const notes: string[] = [];
  for await (const piece of workload.output(position, new AbortController().signal)) {
    pieces.push(piece.data);
    if (piece.note !== undefined) notes.push(piece.note);
  }
  return { bytes: Buffer.concat(pieces), notes };
}

/** Reads output until a piece fits. */
export async function outputWhere(
  workload: Workload,
  fits: (text: string, notes: readonly string[]) => boolean,
): Promise<OutputChunk | undefined> {
  let text = '';
  const notes: string[] = [];
  for await (const piece of workload.output(0, new AbortController().signal)) {
    text += Buffer.from(piece.data).toString('utf8');
    if (piece.note !== undefined) notes.push(piece.note);
    if (fits(text, notes)) return piece;
  }
  return undefined;
}
