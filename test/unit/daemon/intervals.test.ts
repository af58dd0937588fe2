import test from 'ava';
import { intervals } from '../../../src/daemon/intervals.js';
import { type FlatConfigInput, flatConfig } from '../../support/flat-config.js';

const FREQUENCY = { CLEARML_AGENT_QUEUE_POLL_FREQ_SEC: '3' };

const PACES: readonly [what: string, FlatConfigInput, flag: number | undefined, fixedMs?: number][] = [
  ['nothing', {}, undefined],
  ['agent.adaptive_polling: false', { config: { 'agent.adaptive_polling': false } }, undefined, 2200],
  ['--polling-interval', {}, 7, 7000],
  ['the variable over the flag', { env: FREQUENCY }, 7, 3000],
];

for (const [what, input, flag, ms] of PACES) {
  test(`pace of the looks by ${what}`, (t) => {
    const expected = ms === undefined ? { kind: 'adaptive' } : { kind: 'fixed', ms };
    t.deepEqual<unknown, unknown>(intervals(flatConfig(input), flag).pace, expected);
  });
}

test('a worker that runs nothing reports half as often, or as often as the variable says', (t) => {
  const times = (env: Record<string, string>) => intervals(flatConfig({ env }), undefined);
  const { reportMs, idleReportMs } = times({});
  t.deepEqual([reportMs, idleReportMs], [30_000, 61_000]);
  const asked = times({ CLEARML_AGENT_STATUS_REPORT_FREQ_SEC: '10' });
  t.deepEqual([asked.reportMs, asked.idleReportMs], [10_000, 10_000]);
});
