import { useMemo } from 'preact/hooks';
import { call } from '../../api/client.js';
import { useQuery } from '../../api/use-query.js';
import { Card } from '../../components/card.js';
import { Chart } from '../../components/chart.js';
import { figure } from '../../components/figure.js';
import { Empty, ErrorNote, Loading } from '../../components/states.js';
import type { TabProps } from '../tasks/tab-props.js';
import { ChartBar, useChartSettings } from './chart-settings.js';
import { askCurves, byMetric, kindOf } from './curves.js';
import './charts.css';

const REFRESH_MS = 5000;

/** A chart for each metric, with a line for each of its variants. */
export default function ScalarsTab({ task }: TabProps) {
  const settings = useChartSettings();
  const { axis, smoothing, isLog, text } = settings;
  const every = task.status === 'in_progress' ? REFRESH_MS : undefined;
  const {
    data: curves,
    error,
    reload,
  } = useQuery(`scalars ${task.id} ${axis === 'iter'}`, (signal) => askCurves(task.id, axis, signal), every);
  const groups = useMemo(() => byMetric(curves ?? {}, axis), [curves, axis]);
  if (curves === undefined)
    return error === undefined ? <Loading /> : <ErrorNote error={error} onRetry={reload} />;
  if (groups.length === 0) return <Empty title="The task has reported no scalars." />;
  const shown = groups.filter(({ title }) => title.toLowerCase().includes(text.toLowerCase()));
  return (
    <>
      <ChartBar {...settings} />
      <SingleValues task={task.id} />
      <div class="chart-grid">
        {shown.map(({ title, series }) => (
          <Card key={title} title={title}>
            <Chart
              label={title}
              series={series}
              xKind={kindOf(axis)}
              smoothing={smoothing}
              isLog={isLog}
              sync={task.id}
            />
          </Card>
        ))}
      </div>
      {shown.length === 0 && <Empty title="No metric matches." />}
    </>
  );
}

interface SingleValue {
  metric: string;
  variant: string;
  value: number;
}

/** Values that the task reported once, without an iteration. */
function SingleValues({ task }: { task: string }) {
  const { data = [] } = useQuery(`single ${task}`, async (signal) => {
    const { tasks } = await call<{ tasks: { values: SingleValue[] }[] }>(
      'events.get_task_single_value_metrics',
      { tasks: [task] },
      { signal },
    );
    return tasks.flatMap(({ values }) => values);
  });
  if (data.length === 0) return null;
  return (
    <Card title="Single values">
      <dl class="facts">
        {data.map(({ variant, value }) => [
          <dt key={`${variant} name`}>{variant}</dt>,
          <dd key={variant}>{figure(value)}</dd>,
        ])}
      </dl>
    </Card>
  );
}
