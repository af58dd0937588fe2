import fs from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import { AgentError } from '../../src/errors.js';
import { adapters } from './adapters.js';

interface GoldenCase {
  id: string;
  note: string;
  input: unknown;
  expected: unknown;
  disputed?: boolean;
  also_seen?: unknown[];
}

const folder = import.meta.dirname;
const families = fs.readdirSync(folder).filter((name) => name.endsWith('.json'));

for (const file of families) {
  const family = path.basename(file, '.json');
  const cases: GoldenCase[] = JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8'));
  test(`${family}: the recorded cases hold`, async (t) => {
    const adapter = adapters[family];
    if (adapter === undefined) return t.fail(`no adapter for ${family}`);
    const wrong: string[] = [];
    let compared = 0;
    for (const one of cases) {
      const got = await outcome(() => adapter(structuredClone(one.input) as never));
      if (got === undefined) continue;
      compared += 1;
      if (one.disputed || accepted(one).some((expected) => isDeepStrictEqual(normal(got), normal(expected))))
        continue;
      wrong.push(
        `${one.id} ${one.note}\n  expected ${JSON.stringify(one.expected)}\n  got      ${JSON.stringify(got)}`,
      );
    }
    t.true(compared > 0, `every case of ${family} is declined`);
    t.is(wrong.length, 0, `${wrong.length} of ${compared}:\n${wrong.slice(0, 10).join('\n')}`);
  });
}

/** A refusal compares by the fact alone; anything but a coded error is a bug of ours. */
async function outcome(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof AgentError) return { error: true };
    throw error;
  }
}

function accepted(one: GoldenCase): unknown[] {
  return [one.expected, ...(one.also_seen ?? [])].map((value) => {
    const refused = typeof value === 'object' && value !== null && 'error' in value && value.error === true;
    return refused ? { error: true } : value;
  });
}

/** JSON form, so that key order and `undefined` members do not matter. */
function normal(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
