import { useAddress } from '../../api/address.js';
import { useChanges } from '../../api/use-changes.js';
import { useQuery } from '../../api/use-query.js';
import { askCurves, askWorkers } from '../../api/workers.js';
import { counted } from '../../components/figure.js';
import { PageHead } from '../../components/page-head.js';
import { Empty, ErrorNote, Loading } from '../../components/states.js';
import { Table } from '../../components/table.js';
import { columnsOf } from './worker-columns.js';
import { WorkerDetail } from './worker-detail.js';
import './workers.css';

const EVERY_MS = 30_000;
/** The last report of each worker, as agents make one every half minute. */
const PRESENT = { seconds: 300, points: 1 };

/** Workers, what they do, and how busy their machines are. */
export default function Workers() {
  const address = useAddress();
  const { data, error, reload } = useQuery('workers', ask, EVERY_MS);
  useChanges(['workers'], reload);
  const chosen = data?.workers.find(({ id }) => id === address.get('worker')) ?? data?.workers[0];
  const choose = (id: string) => address.set({ worker: id });
  return (
    <>
      <PageHead title="Workers" beside={data !== undefined && <Summary count={data.workers.length} />} />
      {error !== undefined && <ErrorNote error={error} onRetry={reload} />}
      {data === undefined && error === undefined && <Loading />}
      {data?.workers.length === 0 && (
        <Empty title="No worker has reported in the last ten minutes.">
          <p>
            Start one: <code>agent daemon --queue default</code>
          </p>
        </Empty>
      )}
      {data !== undefined && chosen !== undefined && (
        <div class="stack workers">
          <Table
            label="Workers"
            columns={columnsOf({ curves: data.curves, chosen: chosen.key, onChoose: choose })}
            rows={data.workers}
            keyOf={({ key }) => key}
          />
          <WorkerDetail key={chosen.key} worker={chosen} />
        </div>
      )}
    </>
  );
}

function Summary({ count }: { count: number }) {
  return <span class="faint">{counted(count, 'worker')}</span>;
}

async function ask(signal: AbortSignal) {
  const [workers, curves] = await Promise.all([askWorkers(signal), askCurves([], PRESENT, signal)]);
  return { workers, curves };
}
