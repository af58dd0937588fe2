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
  range?: [number, number];
}

/** Reports give memory in MiB. */
const GIB = 1 / 1024;
const PERCENT: [number, number] = [0, 100];

/** With one GPU the average and the highest are the same line. */
export const CHARTS: readonly ChartPlan[] = [
  {
    title: 'GPU use',
    unit: '%',
    range: PERCENT,
    lines: [
      { label: 'average', figure: 'gpu_usage avg' },
      { label: 'busiest GPU', figure: 'gpu_usage max' },
    ],
  },
  {
    title: 'GPU memory',
    unit: 'GiB a GPU',
    lines: [
      { label: 'used', figure: 'gpu_memory_used avg', scale: GIB },
      { label: 'free', figure: 'gpu_memory_free avg', scale: GIB },
    ],
  },
  {
    title: 'GPU temperature',
    unit: '°C',
    lines: [
      { label: 'average', figure: 'gpu_temperature avg' },
      { label: 'hottest GPU', figure: 'gpu_temperature max' },
    ],
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
