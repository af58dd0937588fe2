import { call } from '../../api/client.js';
import { askFilesServer } from '../../api/files.js';
import { useQuery } from '../../api/use-query.js';
import { Chart, type ChartSeries } from '../../components/chart.js';
import { ErrorNote, Loading } from '../../components/states.js';
import { type ImageEvent, Picture } from '../charts/images-tab.js';
import { PlotlyPlot } from '../charts/plotly-plot.js';
import type { Instance } from './apps-api.js';
import type { ElementProps } from './dashboard.js';
import { matches, Nothing } from './fact-elements.js';

const REFRESH_MS = 4000;

/** What has ended changes no more. */
function rhythmOf({ status }: Instance): number | undefined {
  return status === 'in_progress' || status === 'queued' ? REFRESH_MS : undefined;
}

type Curves = Record<string, Record<string, { x: number[]; y: number[] }>>;

/** Scalars over iterations or time. */
export function HistogramElement({ instance, element, height = 300 }: ElementProps) {
  const { metric, variant, key, hide_legend: hidesLegend, title } = element;
  const { data, error, reload } = useQuery(
    `curves ${instance.id} ${instance.status} ${JSON.stringify([metric, variant, key])}`,
    (signal) => {
      const metrics = metric.map((name) => ({
        metric: name,
        ...(variant.length === 0 ? {} : { variants: variant }),
      }));
      const body = { task: instance.id, key: key === 'iter' ? 'iter' : 'timestamp', samples: 1000 };
      return call<Curves>(
        'events.scalar_metrics_iter_histogram',
        { ...body, ...(metrics.length === 0 ? {} : { metrics }) },
        { signal },
      );
    },
    rhythmOf(instance),
  );
  if (data === undefined)
    return error === undefined ? <Loading /> : <ErrorNote error={error} onRetry={reload} />;
  const series = seriesOf(data, metric, variant);
  if (series.length === 0) return <Nothing />;
  return (
    <div class={hidesLegend ? 'hides-legend' : undefined}>
      <Chart
        label={title === '' ? metric.join(', ') : title}
        series={series}
        xKind={key === 'iter' ? 'number' : 'time'}
        height={hidesLegend ? height : Math.max(height - 28, 60)}
      />
    </div>
  );
}

function seriesOf(curves: Curves, metric: readonly string[], variant: readonly string[]): ChartSeries[] {
  const metrics = Object.entries(curves).filter(([name]) => matches(metric, name));
  return metrics.flatMap(([name, variants]) =>
    Object.entries(variants)
      .filter(([kind]) => matches(variant, kind))
      .map(([kind, { x, y }]) => ({ label: metrics.length > 1 ? `${name} / ${kind}` : kind, x, y })),
  );
}

interface PlotEvent {
  metric: string;
  variant: string;
  iter: number;
  plot_str: string;
}

/** The last plots of some metrics. */
export function PlotElement({ instance, element: { metric, variant } }: ElementProps) {
  const { data, error, reload } = useQuery(
    `plots ${instance.id} ${instance.status} ${JSON.stringify([metric, variant])}`,
    (signal) =>
      call<{ plots: PlotEvent[] }>('events.get_task_plots', { task: instance.id, iters: 1 }, { signal }),
    rhythmOf(instance),
  );
  if (data === undefined)
    return error === undefined ? <Loading /> : <ErrorNote error={error} onRetry={reload} />;
  const plots = data.plots.filter((plot) => matches(metric, plot.metric) && matches(variant, plot.variant));
  if (plots.length === 0) return <Nothing />;
  return (
    <div class="app-plots">
      {plots.map(({ metric: name, variant: kind, plot_str: text }) => (
        <PlotlyPlot key={`${name} ${kind}`} text={text} label={`${name} ${kind}`} />
      ))}
    </div>
  );
}

/** The last debug images of some metrics. */
export function ImagesElement({ instance, element: { metric, variant } }: ElementProps) {
  const { data: server } = useQuery('files-server', askFilesServer);
  const { data, error, reload } = useQuery(
    `images ${instance.id} ${instance.status} ${JSON.stringify(metric)}`,
    (signal) => {
      const metrics =
        metric.length === 0
          ? [{ task: instance.id }]
          : metric.map((name) => ({ task: instance.id, metric: name }));
      return call<{ metrics: { iterations: { events: ImageEvent[] }[] }[] }>(
        'events.debug_images',
        { metrics, iters: 1 },
        { signal },
      );
    },
    rhythmOf(instance),
  );
  if (data === undefined)
    return error === undefined ? <Loading /> : <ErrorNote error={error} onRetry={reload} />;
  const events = data.metrics
    .flatMap(({ iterations }) => iterations.flatMap((one) => one.events))
    .filter((event) => matches(variant, event.variant));
  if (events.length === 0) return <Nothing />;
  return (
    <div class="image-grid">
      {events.map((event) => (
        <Picture key={`${event.metric} ${event.variant} ${event.url}`} event={event} server={server} />
      ))}
    </div>
  );
}
