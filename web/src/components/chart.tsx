import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import { isDark } from '../layout/theme.js';
import { type ChartSeries, type ChartStyle, drawnData, optionsOf } from './chart-options.js';
import 'uplot/dist/uPlot.min.css';
import './chart.css';

export type { ChartSeries } from './chart-options.js';

interface ChartProps extends ChartStyle {
  /** Says to screen readers what the chart shows. */
  label: string;
  series: readonly ChartSeries[];
  height?: number;
}

const HEIGHT = 220;

/**
 * Lines over iterations or time. Dragging zooms, a double click shows everything again, a click in the legend hides a line.
 * New data keep the zoom.
 */
export function Chart({ label, series, height = HEIGHT, ...style }: ChartProps) {
  const place = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | undefined>(undefined);
  const shape = JSON.stringify([series.map((one) => [one.label, one.colour]), style, isDark(), height]);
  const latest = useRef({ series, style });
  latest.current = { series, style };
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    let isLeft = false;
    let observer: ResizeObserver | undefined;
    void import('uplot').then(({ default: Plot }) => {
      if (isLeft) return;
      const width = element.clientWidth;
      const now = latest.current;
      const plot = new Plot(
        { ...optionsOf(now.series, now.style, element), width, height },
        drawnData(Plot, now.series, now.style),
        element,
      );
      chart.current = plot;
      observer = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
      observer.observe(element);
    });
    return () => {
      isLeft = true;
      observer?.disconnect();
      chart.current?.destroy();
      chart.current = undefined;
    };
  }, [shape]);
  useEffect(() => {
    const plot = chart.current;
    if (plot === undefined) return;
    void import('uplot').then(({ default: Plot }) => {
      if (chart.current === plot) update(plot, drawnData(Plot, series, style));
    });
  }, [series]);
  return <div ref={place} class="chart" role="img" aria-label={describe(label, series)} />;
}

/** Zoomed: the range stays. */
function update(plot: uPlot, data: uPlot.AlignedData): void {
  const [x] = plot.data;
  const { min, max } = plot.scales.x ?? {};
  const isZoomed =
    x.length > 1 &&
    min !== undefined &&
    max !== undefined &&
    ((min ?? 0) > (x[0] ?? 0) || (max ?? 0) < (x[x.length - 1] ?? 0));
  const range = isZoomed ? { min: min as number, max: max as number } : undefined;
  plot.setData(data, range === undefined);
  if (range !== undefined) plot.setScale('x', range);
}

function describe(label: string, series: readonly ChartSeries[]): string {
  const last = series.slice(0, 10).map(({ label: name, y }) => `${name} ${y.at(-1) ?? 'without values'}`);
  return `${label}: last values: ${last.join(', ')}`;
}
