import { useChanges } from '../../api/use-changes.js';
import { useQuery } from '../../api/use-query.js';
import { at } from '../../base.js';
import { Card } from '../../components/card.js';
import { PageHead } from '../../components/page-head.js';
import { Empty, ErrorNote, Loading } from '../../components/states.js';
import { askOverview, type OverviewData, SHOWN } from './ask-overview.js';
import { QueueRows } from './queue-rows.js';
import { FailedRows, RunningRows } from './task-rows.js';
import { WorkerRows } from './worker-rows.js';
import './overview.css';

/** Times and machine figures change without an event. */
const EVERY_MS = 30_000;

/** What runs, what waits, what failed lately, workers and GPUs. */
export default function Overview() {
  const { data, error, reload } = useQuery('overview', askOverview, EVERY_MS);
  useChanges(['tasks', 'queues', 'workers'], reload);
  return (
    <>
      <PageHead title="Overview" />
      {error !== undefined && <ErrorNote error={error} onRetry={reload} />}
      {data === undefined ? error === undefined && <Loading /> : <Contents data={data} />}
    </>
  );
}

function Contents({ data }: { data: OverviewData }) {
  const { running, failed, queues, workers, curves } = data;
  const waiting = queues.reduce((sum, { entries }) => sum + entries.length, 0);
  const busy = workers.filter(({ task }) => task !== undefined).length;
  if (running.length + failed.length + waiting + workers.length === 0 && data.isNew) return <Welcome />;
  return (
    <>
      <div class="tiles">
        <Tile name="Running" value={many(running.length)} to="/tasks?status=in_progress" kind="busy" />
        <Tile name="Waiting" value={String(waiting)} to="/queues" kind="warn" />
        <Tile
          name="Failed in the last day"
          value={many(failed.length)}
          to="/tasks?status=failed"
          kind="bad"
        />
        <Tile name="Workers busy" value={`${busy} of ${workers.length}`} to="/workers" kind="good" />
      </div>
      <div class="overview">
        <Card title="Running">
          <RunningRows tasks={running.slice(0, SHOWN)} />
        </Card>
        <Card title="Workers">
          <WorkerRows workers={workers} curves={curves} />
        </Card>
        <Card title="Waiting">
          <QueueRows queues={queues} />
        </Card>
        <Card title="Failed in the last day">
          <FailedRows tasks={failed.slice(0, SHOWN)} />
        </Card>
      </div>
    </>
  );
}

function many(count: number): string {
  return count > SHOWN ? `${SHOWN}+` : String(count);
}

interface TileProps {
  name: string;
  value: string;
  to: string;
  kind: 'busy' | 'warn' | 'bad' | 'good';
}

function Tile({ name, value, to, kind }: TileProps) {
  return (
    <a class={`tile card ${kind}`} href={at(to)}>
      <span class="tile-value">{value}</span>
      <span class="tile-name">{name}</span>
    </a>
  );
}

/** A new server has nothing to look at yet. */
function Welcome() {
  return (
    <Empty title="Nothing has run on this server yet.">
      <p>
        <a href={at('/settings')}>Create credentials</a> for the agent and the Python SDK, start a worker with{' '}
        <code>agent daemon --queue default</code>, and <a href={at('/tasks/new')}>make a task</a>.
      </p>
    </Empty>
  );
}
