import test from 'ava';
import type { TaskRecord } from '../../../src/api/task-record.js';
import type { Grant } from '../../../src/daemon/admission/grant.js';
import { TaskNeeds } from '../../../src/daemon/admission/task-needs.js';
import type { GrantRecord } from '../../../src/runs/grant-record.js';
import { userProperties } from '../../support/agent-under-test.js';

const MINUTE = 60_000;
const RECORD: GrantRecord = { kind: 'gpus' };
const hold = (record: GrantRecord): Grant => ({
  record,
  begin: async () => undefined,
  release: async () => undefined,
});

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
  const stated = await needs.stated('a');
  const { claim, needs: read } = stated;
  const { record } = stated.grantOf(RECORD, hold, true);
  t.deepEqual(read, { time: 10 * MINUTE, cpus: 2 });
  const { ms, since } = record?.limit ?? { ms: 0, since: 0 };
  t.is(ms, 10 * MINUTE);
  t.true(since >= before && since <= Date.now());
  t.is(claim.endsBy, since + ms + 10_000 + 30_000);
  t.deepEqual(needs.claimOf(record?.limit), claim);
  const endless = await needs.stated('b');
  t.like(endless, { claim: {}, needs: { cpus: 2 } });
  t.deepEqual(endless.grantOf(RECORD, hold, true).record, RECORD);
});

test('what several tasks state takes one call', async (t) => {
  const { needs, asked } = needsOf({ a: { time: '10m' }, b: { time: '2m' } });
  const stated = await needs.statedByEach(['b', 'hidden', 'a', undefined]);
  t.deepEqual(
    stated.map(({ needs: { time } }) => time),
    [2 * MINUTE, undefined, 10 * MINUTE, undefined],
  );
  t.deepEqual(asked, ['b', 'hidden', 'a']);
  t.is(stated[2]?.grantOf(RECORD, hold, true).record?.limit?.ms, 10 * MINUTE);
});

const OTHERS = { a: { time: '10m' }, same: { time: '600s' }, longer: { time: '11m' }, endless: {} };

test('what depends on the statements of a task is for another one only if that states the same', async (t) => {
  const { needs } = needsOf(OTHERS);
  const { fits, fitted } = (await needs.stated('a')).grantOf(RECORD, hold, true);
  const tasks = ['a', 'same', 'longer', 'endless', 'hidden'];
  t.deepEqual(await Promise.all(tasks.map((task) => fits?.(task))), [true, true, false, false, false]);
  const grants = await Promise.all(tasks.map((task) => fitted?.(task)));
  t.deepEqual(
    grants.map((grant) => grant?.record?.limit?.ms),
    [10 * MINUTE, 10 * MINUTE, undefined, undefined, undefined],
  );
  t.deepEqual(grants.slice(2), [undefined, undefined, undefined]);
});

test('what does not is for every task, with the limit of that', async (t) => {
  const { needs } = needsOf(OTHERS);
  const { fits, fitted } = (await needs.stated('a')).grantOf(RECORD, hold, false);
  for (const task of ['longer', 'endless']) t.true(await fits?.(task));
  t.is((await fitted?.('longer'))?.record?.limit?.ms, 11 * MINUTE);
  t.deepEqual((await fitted?.('endless'))?.record, RECORD);
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
