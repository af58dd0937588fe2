import { useAddress } from '../../api/address.js';
import { useQuery } from '../../api/use-query.js';
import { askCurves, type Worker, type WorkerCurves } from '../../api/workers.js';
import { at } from '../../base.js';
import { Chart } from '../../components/chart.js';
import { Fact, Facts } from '../../components/facts.js';
import { ErrorNote, Loading } from '../../components/states.js';
import { duration, RelativeTime } from '../../components/times.js';
import { CHARTS, seriesOf } from './worker-charts.js';

const HOUR_S = 3600;
const PERIODS = [
  ['1', '1 hour'],
  ['6', '6 hours'],
  ['24', '1 day'],
] as const;
/** Enough for the width of a screen. */
const POINTS = 240;
const EVERY_MS = 30_000;

/** One worker: what it does, and graphs of its machine. */
export function WorkerDetail({ worker }: { worker: Worker }) {
  const address = useAddress();
  const hours = PERIODS.find(([key]) => key === address.get('hours'))?.[0] ?? '1';
  const { data, error, reload } = useQuery(
    `${worker.key} ${hours}`,
    (signal) =>
      askCurves([worker.id], { seconds: Number(hours) * HOUR_S, points: POINTS, devices: true }, signal),
    EVERY_MS,
  );
  const curves = data?.get(worker.id);
  return (
    <section class="card" aria-label={`Worker ${worker.id}`}>
      <header class="card-head">
        <h2>{worker.id}</h2>
        <fieldset class="segments">
          <legend class="visually-hidden">Time that the graphs show</legend>
          {PERIODS.map(([key, text]) => (
            <button
              key={key}
              type="button"
              class="button small"
              aria-pressed={key === hours}
              onClick={() => address.set({ hours: key })}
            >
              {text}
            </button>
          ))}
        </fieldset>
      </header>
      <div class="card-body stack">
        <WorkerFacts worker={worker} />
        {error !== undefined && <ErrorNote error={error} onRetry={reload} />}
        {data === undefined && error === undefined && <Loading />}
        {data !== undefined && <Graphs curves={curves} name={worker.id} />}
      </div>
    </section>
  );
}

function WorkerFacts({ worker }: { worker: Worker }) {
  const { task, ip, user, tags = [], register_time: since } = worker;
  return (
    <Facts>
      <Fact name="Task">
        {task === undefined ? 'idle' : <a href={at(`/tasks/${task.id}`)}>{task.name}</a>}
      </Fact>
      <Fact name="Runs for">
        {task?.running_time === undefined ? undefined : duration(task.running_time)}
      </Fact>
      <Fact name="Iteration">{task?.last_iteration}</Fact>
      <Fact name="Address">{ip}</Fact>
      <Fact name="User">{user?.name}</Fact>
      <Fact name="Tags">
        {tags.length === 0 ? undefined : (
          <span class="actions">
            {tags.map((tag) => (
              <span class="tag" key={tag} title={tag}>
                {tag}
              </span>
            ))}
          </span>
        )}
      </Fact>
      <Fact name="Registered">{since === undefined ? undefined : <RelativeTime time={since} />}</Fact>
    </Facts>
  );
}

function Graphs({ curves, name }: { curves: WorkerCurves | undefined; name: string }) {
  const drawn = CHARTS.map((plan) => ({ ...plan, series: seriesOf(plan, curves, name) })).filter(
    ({ series }) => series.length > 0,
  );
  if (drawn.length === 0)
    return <p class="faint">{name} has reported no figures of its machine in this time.</p>;
  return (
    <div class="worker-graphs">
      {drawn.map(({ title, unit, range, series }) => (
        <figure key={title}>
          <figcaption>
            {title} <span class="faint">{unit}</span>
          </figcaption>
          <Chart
            label={`${title} of ${name} (${unit})`}
            series={series}
            xKind="time"
            sync="worker"
            height={170}
            {...(range === undefined ? {} : { range })}
          />
        </figure>
      ))}
    </div>
  );
}
