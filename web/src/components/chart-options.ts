import type uPlot from 'uplot';

export interface ChartSeries {
  label: string;
  x: readonly number[];
  y: readonly (number | null)[];
  /** Otherwise the next of the palette. */
  colour?: string;
}

export interface ChartStyle {
  /** `time`: milliseconds since 1970. `duration`: seconds. `number`: as it is. */
  xKind: 'number' | 'time' | 'duration';
  isLog?: boolean;
  /** 0 to below 1: how much of the average before stays in each point. */
  smoothing?: number;
  /** Charts with the same key show the cursor together. */
  sync?: string;
  /** Bounds of the values, such as 0 and 100. */
  range?: [number, number];
}

/** Distinct in both themes and for people who do not see red and green apart. */
const PALETTE = ['#3d7eea', '#e08214', '#1f9e77', '#c2479b', '#8e6cd8', '#5f9ea0', '#c9a227', '#d0493e'];

export function colourOf(index: number): string {
  return PALETTE[index % PALETTE.length] ?? '#888888';
}

/** The data as uPlot draws them: all curves over one list of x; smoothed ones after the raw ones. */
export function drawnData(
  Plot: typeof uPlot,
  series: readonly ChartSeries[],
  { xKind, smoothing = 0, isLog = false }: ChartStyle,
): uPlot.AlignedData {
  if (series.length === 0) return [[]];
  const scale = xKind === 'time' ? 1000 : 1;
  const shown = (y: readonly (number | null)[]) =>
    isLog ? y.map((value) => (value !== null && value > 0 ? value : null)) : [...y];
  const tables = series.map(({ x, y }): uPlot.AlignedData => {
    const own = x.map((value) => value / scale);
    return smoothing > 0 ? [own, shown(y), shown(smoothed(y, smoothing))] : [own, shown(y)];
  });
  return Plot.join(tables);
}

/** An exponential average without the pull to zero at the beginning. */
export function smoothed(values: readonly (number | null)[], weight: number): (number | null)[] {
  let sum = 0;
  let total = 0;
  return values.map((value) => {
    if (value === null || !Number.isFinite(value)) return value;
    sum = sum * weight + value * (1 - weight);
    total = total * weight + (1 - weight);
    return sum / total;
  });
}

const X_LABELS = { number: 'Iteration', time: 'Time', duration: 'After' };

const DAY = '{YYYY}-{MM}-{DD}';

/**
 * Texts of a time axis by the seconds between its ticks: the usual one, then those where year or day changed. uPlot's own ones
 * put the month first and count 12 hours.
 */
const TIME_TICKS: uPlot.Axis.Values = [
  [365 * 86_400, '{YYYY}', null, null, null, null, null, null, 1],
  [28 * 86_400, '{YYYY}-{MM}', null, null, null, null, null, null, 1],
  [86_400, '{MM}-{DD}', '\n{YYYY}', null, null, null, null, null, 1],
  [60, '{HH}:{mm}', `\n${DAY}`, null, `\n${DAY}`, null, null, null, 1],
  [1, '{HH}:{mm}:{ss}', `\n${DAY}`, null, `\n${DAY}`, null, null, null, 1],
  [0.001, '{mm}:{ss}.{fff}', `\n${DAY} {HH}:{mm}`, null, `\n${DAY} {HH}:{mm}`, null, null, null, 1],
];
/** Pixels for such a text. */
const TIME_SPACE = 80;

type Options = Omit<uPlot.Options, 'width' | 'height'>;

export function optionsOf(series: readonly ChartSeries[], style: ChartStyle, element: Element): Options {
  const { xKind, isLog = false, smoothing = 0, sync, range } = style;
  const css = getComputedStyle(element);
  const axis = {
    stroke: css.getPropertyValue('color'),
    grid: { stroke: css.borderTopColor, width: 1 },
    ticks: { show: false },
    font: `11px ${css.fontFamily}`,
  };
  return {
    padding: [10, 12, 0, 0],
    series: [
      { label: X_LABELS[xKind], value: (_plot, value) => (value === null ? '' : xText(xKind, value)) },
      ...series.flatMap((one, index) => lines(one, one.colour ?? colourOf(index), smoothing)),
    ],
    scales: {
      x: { time: xKind === 'time' },
      y: { distr: isLog ? 3 : 1, ...(range === undefined ? {} : { range }) },
    },
    axes: [
      {
        ...axis,
        size: 30,
        ...(xKind === 'time' ? { values: TIME_TICKS, space: TIME_SPACE } : {}),
        ...(xKind === 'duration'
          ? { values: (_plot, ticks) => ticks.map((tick) => xText('duration', tick)) }
          : {}),
      },
      {
        ...axis,
        size: 50,
        values: (_plot, ticks) => ticks.map((tick) => (tick === null ? '' : short(tick))),
      },
    ],
    cursor: {
      drag: { x: true, y: false },
      points: { size: 6 },
      ...(sync === undefined ? {} : { sync: { key: sync } }),
    },
    legend: { live: true },
  };
}

function lines({ label, x }: ChartSeries, colour: string, smoothing: number): uPlot.Series[] {
  const value = (_plot: uPlot, at: number | null) => (at === null || at === undefined ? '–' : short(at));
  const shared = { label, value, spanGaps: true, points: { show: x.length < 3 } };
  if (smoothing === 0) return [{ ...shared, stroke: colour, width: 1.6 }];
  return [
    { ...shared, stroke: `${colour}40`, width: 1, class: 'raw', points: { show: false } },
    { ...shared, stroke: colour, width: 1.8 },
  ];
}

function xText(kind: ChartStyle['xKind'], value: number): string {
  if (kind === 'time') return new Date(value * 1000).toLocaleString();
  if (kind === 'number') return String(value);
  const hours = value / 3600;
  if (hours >= 1) return `${hours.toFixed(hours < 10 ? 1 : 0)} h`;
  return value >= 60 ? `${Number((value / 60).toFixed(1))} min` : `${value.toFixed(0)} s`;
}

function short(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2);
  return String(Number(value.toPrecision(5)));
}
