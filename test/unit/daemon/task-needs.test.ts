import test from 'ava';
import type { TaskRecord } from '../../../src/api/task-record.js';
import type { Grant } from '../../../src/daemon/admission/grant.js';
import { TaskNeeds } from '../../../src/daemon/admission/task-needs.js';
import { userProperties } from '../../support/agent-under-test.js';

const MINUTE = 60_000;
const GRANT: Grant = { begin: async () => undefined, release: async () => undefined };

function needsOf(properties: Record<string, Record<string, string>>, words = ['time', 'cpus']) {
  const asked: string[] = [];
  const needs = new TaskNeeds({
    tasks: {
      getAll: async ({ id = [] }) => {
        asked.push(...id);
        return id.flatMap((one) => {
          const given = properties[one];
          return given === undefined ? [] : [{ id: one, ...userProperties(given) } as TaskRecord];
        });
      },
    },
    words: new Set(words),
    graceMs: 10_000,
  });
  return { needs, asked };
}

test('a claim ends with the limit of the first task, its grace and what its end takes', async (t) => {
  const { needs } = needsOf({ a: { time: '10m', cpus: '2' }, b: { cpus: '2' } });
  const before = Date.now();
  const { claim, record, needs: read } = await needs.stated('a');
  t.deepEqual(read, { time: 10 * MINUTE, cpus: 2 });
  const { ms, since } = record.limit ?? { ms: 0, since: 0 };
  t.is(ms, 10 * MINUTE);
  t.true(since >= before && since <= Date.now());
  t.is(claim.endsBy, since + ms + 10_000 + 30_000);
  t.deepEqual(needs.claimOf(record.limit), claim);
  t.like(await needs.stated('b'), { claim: {}, record: {}, needs: { cpus: 2 } });
});

test('a grant holds for another task only if that states the same', async (t) => {
  const { needs } = needsOf({
    a: { time: '10m' },
    same: { time: '600s' },
    longer: { time: '11m' },
    endless: {},
  });
  const { fits } = (await needs.stated('a')).laidOver(GRANT);
  const held = await Promise.all(['a', 'same', 'longer', 'endless', 'hidden'].map((task) => fits?.(task)));
  t.deepEqual(held, [true, true, false, false, false]);
});

test('a task that is hidden or states something wrong states nothing, and without words none is asked for', async (t) => {
  const { needs } = needsOf({ wrong: { time: 'tomorrow' } });
  t.deepEqual((await needs.stated('wrong')).needs, {});
  t.deepEqual((await needs.stated('hidden')).needs, {});
  t.deepEqual((await needs.stated(undefined)).needs, {});
  const { needs: off, asked } = needsOf({ a: { time: '10m' } }, []);
  t.deepEqual((await off.stated('a')).needs, {});
  t.deepEqual(asked, []);
});
