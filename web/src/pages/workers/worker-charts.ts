import type { WorkerCurves } from '../../api/workers.js';
import type { ChartSeries } from '../../components/chart.js';

interface Line {
  label: string;
  /** Key and aggregation, as `askCurves` has them. */
  figure: string;
  /** From the unit of reports to that of the chart. */
  scale?: number;
}

export interface ChartPlan {
  title: string;
  unit: string;
  lines: readonly Line[];
  /** What is drawn of each GPU instead of the lines, if there are several. */
  ofEach?: Line;
  range?: [number, number];
}

/** Reports give memory in MiB. */
const GIB = 1 / 1024;
const PERCENT: [number, number] = [0, 100];

export const CHARTS: readonly ChartPlan[] = [
  {
    title: 'GPU use',
    unit: '%',
    range: PERCENT,
    lines: [{ label: 'GPU', figure: 'gpu_usage avg' }],
    ofEach: { label: 'GPU', figure: 'gpu_usage avg' },
  },
  {
    title: 'GPU memory',
    unit: 'GiB',
    lines: [
      { label: 'used', figure: 'gpu_memory_used avg', scale: GIB },
      { label: 'free', figure: 'gpu_memory_free avg', scale: GIB },
    ],
    ofEach: { label: 'used of GPU', figure: 'gpu_memory_used avg', scale: GIB },
  },
  {
    title: 'GPU temperature',
    unit: '°C',
    lines: [{ label: 'GPU', figure: 'gpu_temperature avg' }],
    ofEach: { label: 'GPU', figure: 'gpu_temperature avg' },
  },
  { title: 'CPU use', unit: '%', range: PERCENT, lines: [{ label: 'CPU', figure: 'cpu_usage avg' }] },
  {
    title: 'Memory',
    unit: 'GiB',
    lines: [
      { label: 'used', figure: 'memory_used avg', scale: GIB },
      { label: 'free', figure: 'memory_free avg', scale: GIB },
    ],
  },
  {
    title: 'Network',
    unit: 'MiB/s',
    lines: [
      { label: 'received', figure: 'network_rx avg' },
      { label: 'sent', figure: 'network_tx avg' },
    ],
  },
  {
    title: 'Disk',
    unit: 'MiB/s',
    lines: [
      { label: 'read', figure: 'disk_read avg' },
      { label: 'written', figure: 'disk_write avg' },
    ],
  },
];

/** What there is of a chart: the lines of what the machine has, or one of each of its GPUs. */
export function seriesOf(
  { lines, ofEach }: ChartPlan,
  curves: WorkerCurves | undefined,
  worker: string,
): ChartSeries[] {
  const curveOf = ({ figure }: Line) => curves?.get(figure);
  const scaled = (y: readonly (number | null)[], { scale = 1 }: Line) =>
    y.map((value) => (value === null ? null : value * scale));
  const all = ofEach && curveOf(ofEach);
  if (ofEach !== undefined && all !== undefined && all.devices.length > 1) {
    const names = gpuNames(worker, all.devices.length);
    return all.devices.map((y, index) => ({
      label: `${ofEach.label} ${names[index]}`,
      x: all.x,
      y: scaled(y, ofEach),
    }));
  }
  return lines.flatMap((line) => {
    const curve = curveOf(line);
    return curve === undefined ? [] : [{ label: line.label, x: curve.x, y: scaled(curve.y, line) }];
  });
}

/** An agent that was given GPUs has them in its name, `box:gpu2,3`; reports have their places only. */
function gpuNames(worker: string, count: number): string[] {
  const named = /:gpu([\d,]+)$/.exec(worker)?.[1]?.split(',') ?? [];
  return named.length === count ? named : Array.from({ length: count }, (_, index) => String(index));
}
