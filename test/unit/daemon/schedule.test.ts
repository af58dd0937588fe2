import test from 'ava';
import { describeEntry, describeStatus } from '../../../src/daemon/queues/schedule/describe.js';
import { parseEntry } from '../../../src/daemon/queues/schedule/entry.js';
import {
  activity,
  covers,
  forceWarning,
  hoursOf,
  localHour,
  resolveSchedule,
  scheduleWarnings,
  usableSchedule,
} from '../../../src/daemon/queues/schedule.js';

const none = { uptime: [], downtime: [] };
const entry = (text: string) => parseEntry(text, 'agent.uptime');
/** 2024-05-12 is a Sunday. */
const day = { SUN: 12, MON: 13, TUE: 14, WED: 15, THU: 16, FRI: 17, SAT: 18 };
const at = (name: keyof typeof day, hour: number, minute = 0) => new Date(2024, 4, day[name], hour, minute);
const active = (uptime: string, now: Date) =>
  activity({ schedule: resolveSchedule(none, { uptime: [uptime], downtime: [] }), now }).active;

for (const [range, when, expected] of [
  ['0-8 MON', at('MON', 0), true],
  ['0-8 MON', at('MON', 7, 59), true],
  ['0-8 MON', at('MON', 8), false],
  ['0 MON', at('MON', 13), true],
  ['0-0 MON', at('MON', 23), true],
  ['0-24 MON', at('TUE', 0), false],
  ['22-6 MON', at('MON', 21, 59), false],
  ['22-6 MON', at('MON', 22), true],
  ['22-6 MON', at('TUE', 5, 59), true],
  ['22-6 MON', at('TUE', 6), false],
  ['22-6 MON', at('MON', 3), false],
  ['22-6 SAT', at('SUN', 3), true],
  ['9-17 FRI-MON', at('SUN', 10), true],
  ['9-17 FRI-MON', at('MON', 16), true],
  ['9-17 FRI-MON', at('TUE', 10), false],
  ['9-17 SAT-SAT', at('SAT', 10), true],
  ['9-17 MON, TUE', at('TUE', 10), true],
  ['9-30 MON', at('MON', 23), true],
] as const) {
  test(`uptime "${range}" on ${when.toDateString()} ${when.toTimeString().slice(0, 5)}: ${expected}`, (t) => {
    t.is(active(range, when), expected);
  });
}

for (const [text, why] of [
  ['17-20', 'one blank'],
  ['17-20  MON', 'one blank'],
  ['', 'one blank'],
  ['9-10 MON-WED-FRI', 'two dashes'],
] as const) {
  test(`the entry "${text}" is refused and named`, (t) => {
    const error = t.throws(() => entry(text));
    t.like(error, { code: 'CONFIG_VALUE' });
    t.true(error.message.startsWith(`agent.uptime: the entry "${text}" is malformed`));
    t.true(error.message.includes(why));
  });
}

test('parts that mean nothing are left out and told', (t) => {
  const config = { uptime: ['9-18,x,25-26 MONDAY,TUE WED'], downtime: [] };
  const schedule = resolveSchedule(none, config);
  t.deepEqual(schedule.uptime[0]?.days, ['TUE']);
  t.deepEqual(schedule.uptime[0]?.hours, [{ start: 9, end: 18 }]);
  t.deepEqual(
    scheduleWarnings(schedule).map((line) => /: "(.*?)" is left out/.exec(line)?.[1]),
    ['x', '25-26', 'MONDAY', 'WED'],
  );
});

const NOTHING_VALID: [string[], string[]][] = [
  [['99-3 XYZ'], []],
  [['9-17 SOMEDAY'], []],
  [['9-17 SOMEDAY', '25 MON'], []],
  [[], ['25 MON']],
];

for (const [uptime, downtime] of NOTHING_VALID) {
  test(`a schedule with nothing valid is refused: ${[...uptime, ...downtime]}`, (t) => {
    const lists = { uptime, downtime };
    const [flag, key] = uptime.length > 0 ? ['--uptime', 'agent.uptime'] : ['--downtime', 'agent.downtime'];
    const given = [...uptime, ...downtime].map((text) => `"${text}"`).join(', ');
    const rest = `${given}: no entry has both a valid hour and a valid day`;
    t.like(
      t.throws(() => usableSchedule(lists, none)),
      { code: 'USAGE', message: `${flag} ${rest}` },
    );
    t.like(
      t.throws(() => usableSchedule(none, lists)),
      { code: 'USAGE', message: `${key} ${rest}` },
    );
  });
}

test('a schedule with one valid entry stands, with a warning for the rest', (t) => {
  const schedule = usableSchedule({ uptime: ['25 MON', '9-17 TUE'], downtime: [] }, none);
  t.regex(scheduleWarnings(schedule).join('\n'), /^[^\n]*"25" is left out[^\n]*$/);
});

test('flags replace the configuration, both lists of one source contradict', (t) => {
  const flags = { uptime: ['9-17 MON'], downtime: [] };
  const config = { uptime: [], downtime: ['9-17 MON'] };
  t.deepEqual(resolveSchedule(flags, config).downtime, []);
  t.is(resolveSchedule(none, config).downtime.length, 1);
  const both = { uptime: ['9-17 MON'], downtime: ['9-17 MON'] };
  t.like(
    t.throws(() => resolveSchedule(both, none)),
    {
      code: 'USAGE',
      message: '--uptime and --downtime are both given; they contradict each other',
    },
  );
  t.regex(t.throws(() => resolveSchedule(none, both)).message, /^agent.uptime and agent.downtime/);
});

test('what decides is named', (t) => {
  const schedule = resolveSchedule(none, { uptime: [], downtime: ['9-17 MON'] });
  const now = at('MON', 10);
  const decide = (queueTags: string[], force?: string) =>
    activity({ schedule, now, queueTags, properties: force ? [{ key: 'force', value: force }] : [] });
  t.deepEqual(decide([]), { active: false, because: 'downtime' });
  t.deepEqual(decide([], 'on'), { active: true, because: 'runtime property' });
  t.deepEqual(decide([], 'sometimes'), { active: false, because: 'downtime' });
  t.deepEqual(decide(['force_workers:on'], 'off'), { active: true, because: 'queue tag' });
  t.deepEqual(activity({ schedule: none, now }), { active: true, because: 'no schedule' });
  t.is(forceWarning([{ key: 'force', value: 'ON' }]), undefined);
  t.regex(forceWarning([{ key: 'force', value: 'sometimes' }]) ?? '', /"sometimes"; it is ignored/);
});

test('the status text', (t) => {
  const schedule = resolveSchedule(none, { uptime: ['8-10,22-6 MON-WED'], downtime: [] });
  const expiry = new Date(2024, 4, 13, 9, 5).getTime() / 1000;
  t.is(
    describeStatus({
      schedule,
      properties: [{ key: 'force', value: 'off', expiry }],
      queues: [
        { name: 'default', tags: ['force_workers:on'] },
        { name: 'night', tags: [] },
      ],
    }),
    [
      'Working hours uptime configurations',
      '  - 8:00-9:59 on MON and TUE and WED',
      '  - 22:00-5:59 on MON and TUE and WED',
      'Currently forced ON',
      "  - Server runtime property 'force: off' expires at 09:05",
      "  - Listening to queue 'default' (tagged 'force_workers:on')",
      "  - Listening to queue 'night'",
    ].join('\n'),
  );
  t.is(
    describeStatus({ schedule: none, properties: [], queues: [] }),
    'No uptime/downtime configurations found',
  );
  t.is(describeEntry(entry('12-12,13-14 MON')), '  - 13:00-13:59 on MON');
});

test('hours are listed as often as they are written', (t) => {
  t.deepEqual(hoursOf(entry('22-2,0-1 MON')), [22, 23, 0, 1, 0]);
});

test('the clock is that of the time zone, through changes to and from summer time', (t) => {
  const zone = process.env.TZ;
  const nights = entry('2-3 SUN');
  const open = (utc: string) => covers(nights, localHour(new Date(utc)));
  try {
    process.env.TZ = 'Europe/Berlin';
    // 2024-03-31: the clock jumps from 01:59 to 03:00, so the hour does not come.
    t.deepEqual(localHour(new Date('2024-03-31T00:59:00Z')), { weekday: 0, hour: 1 });
    t.deepEqual(localHour(new Date('2024-03-31T01:00:00Z')), { weekday: 0, hour: 3 });
    t.false(open('2024-03-31T00:59:00Z') || open('2024-03-31T01:00:00Z'));
    // 2024-10-27: the hour from 02:00 comes twice.
    t.true(open('2024-10-27T00:30:00Z') && open('2024-10-27T01:30:00Z'));
    t.false(open('2024-10-27T02:00:00Z'));
    process.env.TZ = 'America/New_York';
    t.deepEqual(localHour(new Date('2024-03-10T06:59:00Z')), { weekday: 0, hour: 1 });
    t.deepEqual(localHour(new Date('2024-03-10T07:00:00Z')), { weekday: 0, hour: 3 });
    process.env.TZ = 'Asia/Kathmandu';
    t.deepEqual(localHour(new Date('2024-05-11T18:14:00Z')), { weekday: 6, hour: 23 });
    t.deepEqual(localHour(new Date('2024-05-11T18:15:00Z')), { weekday: 0, hour: 0 });
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
});
