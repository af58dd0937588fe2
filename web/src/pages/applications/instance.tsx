import { useLocation, useRoute } from 'preact-iso';
import { call } from '../../api/client.js';
import { useQuery } from '../../api/use-query.js';
import { at } from '../../base.js';
import { PageHead } from '../../components/page-head.js';
import { ErrorNote, Loading } from '../../components/states.js';
import { StatusBadge } from '../../components/status-badge.js';
import { Elapsed } from '../../components/times.js';
import { attempt } from '../../components/toast.js';
import { askInstance, type Instance, type ShownInstance } from './apps-api.js';
import { Dashboard } from './dashboard.js';
import './applications.css';

const REFRESH_MS = 3000;

/** An instance and its dashboard, which follows it while it runs. */
export default function InstancePage() {
  const { task = '' } = useRoute().params;
  const { data, error, reload } = useQuery(task, (signal) => askInstance(task, signal), REFRESH_MS);
  if (data === undefined)
    return error === undefined ? (
      <Loading label="Loading the instance" />
    ) : (
      <>
        <PageHead title="Instance" crumb={<a href={at('/applications')}>Applications</a>} />
        <ErrorNote error={error} onRetry={reload} />
      </>
    );
  return (
    <>
      <Head {...data} onDone={reload} />
      <Message instance={data.instance} />
      <Dashboard instance={data.instance} lines={data.dashboard} />
    </>
  );
}

function Head({ instance, app, onDone }: ShownInstance & { onDone: () => void }) {
  const { route } = useLocation();
  const { id, status } = instance;
  const act = async (endpoint: string, done: string) => {
    if (await attempt(() => call(endpoint, { task: id }), done)) onDone();
  };
  return (
    <PageHead
      title={instance.name}
      crumb={
        <>
          <a href={at('/applications')}>Applications</a> /{' '}
          <a href={at(`/applications/${app.id}`)}>{app.name}</a>
        </>
      }
      beside={
        <>
          <StatusBadge status={status} />
          <span class="faint">
            version {app.version} · <Elapsed from={instance.started} to={instance.completed} />
          </span>
        </>
      }
    >
      <a class="button" href={at(`/tasks/${id}`)}>
        Task
      </a>
      <button
        type="button"
        class="button"
        onClick={() => route(at(`/applications/${app.id}/launch?from=${id}`))}
      >
        Clone
      </button>
      {instance.resumable && (
        <button type="button" class="button" onClick={() => void act('apps.resume_instance', 'Resumed')}>
          Resume
        </button>
      )}
      {(status === 'queued' || status === 'in_progress') && (
        <button
          type="button"
          class="button danger"
          onClick={() =>
            void act('apps.stop_instance', status === 'queued' ? 'Stopped' : 'Asked the instance to stop')
          }
        >
          Stop
        </button>
      )}
    </PageHead>
  );
}

/** Why an instance waits or failed, where the person looks. */
function Message({ instance: { status, status_message, status_reason, queue } }: { instance: Instance }) {
  const reason = [status_reason, status_message].filter(Boolean).join(': ');
  if (status === 'failed') return <ErrorNote error={reason === '' ? 'The instance failed.' : reason} />;
  const note =
    status === 'queued'
      ? `The instance waits ${queue === null ? '' : `in the queue ${queue.name} `}for an agent in services mode.`
      : status_message === 'stopping'
        ? 'The instance is asked to stop.'
        : undefined;
  return note === undefined ? null : <p class="note">{note}</p>;
}
