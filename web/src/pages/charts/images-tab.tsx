import { useAddress } from '../../api/address.js';
import { call } from '../../api/client.js';
import { askFilesServer, isWebAddress, ownAddress } from '../../api/files.js';
import { useQuery } from '../../api/use-query.js';
import { Card } from '../../components/card.js';
import { SelectField } from '../../components/fields.js';
import { Empty, ErrorNote, Loading } from '../../components/states.js';
import type { TabProps } from '../tasks/tab-props.js';
import './charts.css';

export interface ImageEvent {
  metric: string;
  variant: string;
  iter: number;
  url: string;
}

interface Iteration {
  iter: number;
  events: ImageEvent[];
}

/** Iterations that are shown at once. */
const ITERATIONS = 3;

/** The last debug images. One of another server opens after a click, because that server sees who looks. */
export default function ImagesTab({ task }: TabProps) {
  const address = useAddress();
  const metric = address.get('metric');
  const { data: server } = useQuery('files-server', askFilesServer);
  const { data: metrics = [] } = useQuery(`image metrics ${task.id}`, (signal) =>
    askMetrics(task.id, signal),
  );
  const { data, error, reload } = useQuery(`images ${task.id} ${metric}`, (signal) =>
    askImages(task.id, metric, signal),
  );
  if (data === undefined)
    return error === undefined ? <Loading /> : <ErrorNote error={error} onRetry={reload} />;
  if (data.length === 0) return <Empty title="The task has reported no debug images." />;
  return (
    <div class="stack">
      {metrics.length > 1 && (
        <SelectField
          label="Metric"
          value={metric ?? ''}
          onChange={(next) => address.set({ metric: next })}
          options={[['', 'All metrics'], ...metrics.map((name) => [name, name] as const)]}
        />
      )}
      {data.map(({ iter, events }) => (
        <Card key={iter} title={`Iteration ${iter}`}>
          <div class="image-grid">
            {events.map((event) => (
              <Picture key={`${event.metric} ${event.variant} ${event.url}`} event={event} server={server} />
            ))}
          </div>
        </Card>
      ))}
    </div>
  );
}

async function askMetrics(task: string, signal: AbortSignal): Promise<string[]> {
  const { metrics } = await call<{ metrics: { metrics: string[] }[] }>(
    'events.get_task_metrics',
    { tasks: [task], event_type: 'training_debug_image' },
    { signal },
  );
  return metrics.flatMap((one) => one.metrics);
}

async function askImages(
  task: string,
  metric: string | undefined,
  signal: AbortSignal,
): Promise<Iteration[]> {
  const chosen = metric === undefined ? { task } : { task, metric };
  const { metrics } = await call<{ metrics: { iterations: Iteration[] }[] }>(
    'events.debug_images',
    { metrics: [chosen], iters: ITERATIONS },
    { signal },
  );
  return metrics.flatMap(({ iterations }) => iterations);
}

/** The policy of the page lets no image of another server in, so such a one opens in a tab of its own. */
export function Picture({ event, server }: { event: ImageEvent; server: string | undefined }) {
  const own = ownAddress(event.url, server);
  return (
    <figure class="image-card">
      {own === undefined ? (
        <Elsewhere url={event.url} />
      ) : (
        <a href={own} target="_blank" rel="noreferrer noopener">
          <img src={own} alt={`${event.metric}, ${event.variant}`} loading="lazy" />
        </a>
      )}
      <figcaption>
        <span>{event.variant}</span>
        <span class="faint">{event.metric}</span>
      </figcaption>
    </figure>
  );
}

function Elsewhere({ url }: { url: string }) {
  if (!isWebAddress(url)) return <span class="image-wait mono">{url}</span>;
  return (
    <a class="image-wait" href={url} target="_blank" rel="noreferrer noopener">
      Open at {new URL(url).host} ↗
    </a>
  );
}
