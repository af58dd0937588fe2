import { type Connection, connect } from '../../daemon/connect.js';
import { createLogger } from '../../logs/logger.js';
import { visibleJson, visibleName } from '../../logs/visible-text.js';
import { Redactor } from '../../secrets/redactor.js';
import type { CommandContext } from '../command.js';
import { sessionConfig, textList } from '../session.js';
import { type CheckResult, examine } from './examine.js';

const COLOURS = { ok: '\u001b[32m', warning: '\u001b[33m', problem: '\u001b[31m' } as const;
const NO_COLOUR = '\u001b[0m';
/** A check that takes longer has found its problem. */
const PATIENCE_MS = 60_000;
/** Characters of a finding; a name of the server may have a megabyte. */
const LONGEST_TEXT = 1000;

/** `agent doctor`: the exit status is 1 when something would keep tasks from running. */
export async function runDoctor(context: CommandContext): Promise<number> {
  const config = sessionConfig(context);
  const { options, home, env, stdout, stderr } = context;
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const logger = createLogger({ stream: stderr, redactor: new Redactor() });
  const opened: { connection?: Promise<Connection> } = {};
  const results = await examine({
    config,
    home,
    queues: textList(options.queue),
    repository: typeof options.repository === 'string' ? options.repository : undefined,
    connection: () => {
      opened.connection ??= connect({ config, logger, wait: false, signal });
      return opened.connection;
    },
    signal,
  });
  (await opened.connection?.catch(() => undefined))?.client.close();
  const coloured = stdout.isTTY === true && !env.NO_COLOR;
  const text = options.json === true ? jsonText(results) : resultLines(results, coloured);
  stdout.write(`${text}\n`);
  return results.some(({ state }) => state === 'problem') ? 1 : 0;
}

function jsonText(results: readonly CheckResult[]): string {
  const problems = results.filter(({ state }) => state === 'problem').length;
  return visibleJson({ ok: problems === 0, results });
}

/** One line a finding, with what to do about it below. */
export function resultLines(results: readonly CheckResult[], coloured: boolean): string {
  const titles = results.map(({ title }) => visibleName(title));
  const width = Math.max(0, ...titles.map((title) => title.length));
  const lines = results.flatMap(({ state, text, fix }, at) => {
    const shown = state.padEnd('problem'.length);
    const mark = coloured ? `${COLOURS[state]}${shown}${NO_COLOUR}` : shown;
    const title = titles[at] ?? '';
    const name = title === titles[at - 1] ? '' : title;
    const line = `${mark}  ${name.padEnd(width)}  ${visibleName(text, LONGEST_TEXT)}`;
    return fix === undefined
      ? [line]
      : [line, `${' '.repeat('problem'.length + width + 4)}→ ${visibleName(fix, LONGEST_TEXT)}`];
  });
  const count = (state: CheckResult['state']) => {
    const found = results.filter((result) => result.state === state).length;
    return `${found} ${state}${found === 1 ? '' : 's'}`;
  };
  return [...lines, '', `${count('problem')}, ${count('warning')}`].join('\n');
}
