import { useMemo } from 'preact/hooks';
import { call } from '../../api/client.js';
import type { Task } from '../../api/task.js';
import { useQuery } from '../../api/use-query.js';
import { Card } from '../../components/card.js';
import { Chart } from '../../components/chart.js';
import { colourOf } from '../../components/chart-options.js';
import { Empty, ErrorNote, Loading } from '../../components/states.js';
import { ChartBar, useChartSettings } from '../charts/chart-settings.js';
import { type CurveGroup, kindOf, onAxis, type XAxis } from '../charts/curves.js';
import '../charts/charts.css';

interface Curve {
  x: number[];
  y: number[];
}

/** Metric, variant, id of the task. */
type CurvesOfMany = Record<string, Record<string, Record<string, Curve>>>;

/** A chart for each variant of a metric, with a line for each task in its colour. */
export function CompareScalars({ tasks }: { tasks: readonly Task[] }) {
  const settings = useChartSettings();
  const { axis, smoothing, isLog, text } = settings;
  const ids = tasks.map(({ id }) => id);
  const key = axis === 'iter' ? 'iter' : 'timestamp';
  const { data, error, reload } = useQuery(`compared scalars ${ids.join()} ${key}`, async (signal) => {
    const { metrics } = await call<{ metrics: CurvesOfMany }>(
      'events.multi_task_scalar_metrics_iter_histogram',
      { tasks: ids, key },
      { signal },
    );
    return metrics;
  });
  const groups = useMemo(() => groupsOf(data ?? {}, tasks, axis), [data, tasks, axis]);
  if (data === undefined)
    return error === undefined ? <Loading /> : <ErrorNote error={error} onRetry={reload} />;
  if (groups.length === 0) return <Empty title="None of the tasks has reported scalars." />;
  return (
    <>
      <ChartBar {...settings} />
      <div class="chart-grid">
        {groups
          .filter(({ title }) => title.toLowerCase().includes(text.toLowerCase()))
          .map(({ title, series }) => (
            <Card key={title} title={title}>
              <Chart
                label={title}
                series={series}
                xKind={kindOf(axis)}
                smoothing={smoothing}
                isLog={isLog}
                sync="compare"
              />
            </Card>
          ))}
      </div>
    </>
  );
}

function groupsOf(metrics: CurvesOfMany, tasks: readonly Task[], axis: XAxis): CurveGroup[] {
  return Object.entries(metrics)
    .sort(([a], [b]) => Number(a.startsWith(':')) - Number(b.startsWith(':')) || a.localeCompare(b))
    .flatMap(([metric, variants]) =>
      Object.entries(variants).map(([variant, curves]) => ({
        title: metric === variant ? metric : `${metric} / ${variant}`,
        series: tasks.flatMap(({ id, name }, index) => {
          const curve = curves[id];
          if (curve === undefined) return [];
          return [
            { label: name, x: onAxis(curve.x, axis, curve.x[0] ?? 0), y: curve.y, colour: colourOf(index) },
          ];
        }),
      })),
    );
}
