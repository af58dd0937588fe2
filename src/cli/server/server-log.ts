import { appendFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { visibleName } from '../../logs/visible-text.js';
import { type RotationLimits, rotatingLog } from '../../os/rotating-log.js';
import type { ServerLog } from '../../server/log.js';

export interface LogFile {
  file: string;
  limits: RotationLimits;
}

/** Characters of a line: it may hold names that clients chose. */
const LONGEST = 2000;

/**
 * The log of a server, a line for each event. What a client has named cannot begin a line or move the cursor.
 *
 * @param file gets the lines too; while its disk is full they are lost there
 */
export function serverLog(out: NodeJS.WritableStream, file: LogFile | undefined): ServerLog {
  const places = [
    out,
    ...(file === undefined ? [] : [rotatingLog(appender(file.file), file.file, file.limits)]),
  ];
  const write = (level: string, text: string) => {
    const line = `${new Date().toISOString()} ${level} ${visibleName(text, LONGEST)}\n`;
    for (const place of places) place.write(line);
  };
  return { info: (text) => write('INFO ', text), error: (text) => write('ERROR', text) };
}

/** Opened for each line: a stream cannot be used after its first error. */
function appender(file: string): Writable {
  return new Writable({
    write(line: Buffer, _encoding, done) {
      try {
        appendFileSync(file, line, { mode: 0o600 });
      } catch {
        // Standard output has the line.
      }
      done();
    },
  });
}
