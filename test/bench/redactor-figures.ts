import { createHash } from 'node:crypto';
import { Redactor } from '../../src/secrets/redactor.js';

const SECRETS = 200;
const PIECE = 32 * 1024;
const MEGABYTE = 1e6;

export interface RedactorFigures {
  /** MB of text a second of one processor. */
  ordinary: number;
  coloured: number;
  /** A third of the text is secrets. */
  hits: number;
}

/** The redactor with 200 secrets of 12 to 41 characters on pieces of the size that a task's log hands to it. */
export function measureRedactor(): RedactorFigures {
  const secrets = Array.from({ length: SECRETS }, (_, index) =>
    createHash('sha256')
      .update(`secret ${index}`)
      .digest('base64')
      .slice(0, 12 + (index % 30)),
  );
  const redactor = new Redactor(secrets);
  const ordinary = pieceOf(
    (step) =>
      `2026-01-01 10:00:${step % 60} INFO step ${step} loss=0.${(step * 7919) % 9973} /data/image_${step}.png`,
  );
  return {
    ordinary: throughput(redactor, ordinary),
    coloured: throughput(redactor, ordinary.replaceAll('INFO', '\x1b[32mINFO\x1b[0m')),
    hits: throughput(
      redactor,
      pieceOf((step) => `the token of step ${step} is ${secrets[step % SECRETS]}, keep it`),
    ),
  };
}

function pieceOf(line: (step: number) => string): string {
  let text = '';
  for (let step = 0; text.length < PIECE; step += 1) text += `${line(step)}\n`;
  return text;
}

function throughput(redactor: Redactor, piece: string): number {
  const rounds = 1000;
  for (let round = 0; round < rounds / 10; round += 1) redactor.redact(piece);
  // Time of the processor, so that other work on the machine does not count.
  const start = process.cpuUsage();
  for (let round = 0; round < rounds; round += 1) redactor.redact(piece);
  return (piece.length * rounds) / MEGABYTE / (process.cpuUsage(start).user / 1e6);
}
