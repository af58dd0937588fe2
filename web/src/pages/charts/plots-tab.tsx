import { call } from '../../api/client.js';
import { useQuery } from '../../api/use-query.js';
import { Card } from '../../components/card.js';
import { Empty, ErrorNote, Loading } from '../../components/states.js';
import type { TabProps } from '../tasks/tab-props.js';
import { PlotlyPlot } from './plotly-plot.js';
import './charts.css';

interface PlotEvent {
  metric: string;
  variant: string;
  iter: number;
  plot_str: string;
}

/** The last plot of each metric and variant. */
export default function PlotsTab({ task }: TabProps) {
  const {
    data: plots,
    error,
    reload,
  } = useQuery(`plots ${task.id}`, async (signal) => {
    const answer = await call<{ plots: PlotEvent[] }>(
      'events.get_task_plots',
      { task: task.id, iters: 1 },
      { signal },
    );
    return answer.plots;
  });
  if (plots === undefined)
    return error === undefined ? <Loading /> : <ErrorNote error={error} onRetry={reload} />;
  if (plots.length === 0) return <Empty title="The task has reported no plots." />;
  return (
    <div class="chart-grid">
      {plots.map(({ metric, variant, iter, plot_str: text }) => (
        <Card
          key={`${metric} ${variant} ${iter}`}
          title={`${metric} / ${variant}`}
          actions={<span class="faint">iteration {iter}</span>}
        >
          <PlotlyPlot text={text} label={`${metric} ${variant}`} />
        </Card>
      ))}
    </div>
  );
}
