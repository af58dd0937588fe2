import { useLocation, useRoute } from 'preact-iso';
import { call } from '../../api/client.js';
import { useQuery } from '../../api/use-query.js';
import { at } from '../../base.js';
import { confirmed } from '../../components/dialog.js';
import { PageHead } from '../../components/page-head.js';
import { Empty, ErrorNote, Loading } from '../../components/states.js';
import { StatusBadge } from '../../components/status-badge.js';
import { type Column, Table } from '../../components/table.js';
import { Elapsed, RelativeTime } from '../../components/times.js';
import { attempt } from '../../components/toast.js';
import { AppIcon } from './app-icon.js';
import { type App, askApp, askInstances, type InstanceSummary } from './apps-api.js';
import { EmptyFrame } from './html-frame.js';
import './applications.css';

const REFRESH_MS = 4000;

const COLUMNS: readonly Column<InstanceSummary>[] = [
  {
    key: 'name',
    title: 'Name',
    isWide: true,
    cell: ({ id, name, application }) => (
      <a href={at(`/applications/${application.id}/instances/${id}`)}>{name}</a>
    ),
  },
  { key: 'status', title: 'Status', cell: ({ status }) => <StatusBadge status={status} /> },
  { key: 'version', title: 'Version', cell: ({ application }) => application.version },
  { key: 'user', title: 'User', cell: ({ user }) => user.name },
  { key: 'created', title: 'Launched', cell: ({ created }) => <RelativeTime time={created} /> },
  {
    key: 'runs',
    title: 'Ran',
    isNumber: true,
    cell: ({ started, completed }) => <Elapsed from={started} to={completed} />,
  },
];

/** One application and its instances. */
export default function AppPage() {
  const { id = '' } = useRoute().params;
  const { data: app, error, reload } = useQuery(`app ${id}`, (signal) => askApp(id, undefined, signal));
  const { data: instances } = useQuery(`instances ${id}`, (signal) => askInstances(id, signal), REFRESH_MS);
  if (app === undefined)
    return error === undefined ? (
      <Loading label="Loading the application" />
    ) : (
      <>
        <PageHead title={id} crumb={<a href={at('/applications')}>Applications</a>} />
        <ErrorNote error={error} onRetry={reload} />
      </>
    );
  return (
    <>
      <Head app={app} />
      <p class="app-description">{app.description}</p>
      {instances === undefined ? (
        <Loading label="Loading the instances" />
      ) : instances.length === 0 ? (
        <NoInstances app={app} />
      ) : (
        <Table label="Instances" columns={COLUMNS} rows={instances} keyOf={(one) => one.id} />
      )}
    </>
  );
}

function Head({ app }: { app: App }) {
  const { route } = useLocation();
  const remove = async () => {
    const yes = await confirmed({
      title: `Delete ${app.name}?`,
      text: `All versions (${app.versions.join(', ')}) go. Instances keep running and keep their dashboards.`,
      action: 'Delete',
      isDangerous: true,
    });
    if (yes && (await attempt(() => call('apps.delete', { app: app.id }), `Deleted ${app.name}`)))
      route(at('/applications'));
  };
  return (
    <PageHead
      title={app.name}
      crumb={<a href={at('/applications')}>Applications</a>}
      beside={
        <>
          <AppIcon app={app.id} version={app.version} name={app.name} icon={app.icon} />
          <span class="faint">{app.deleted ? `${app.version}, deleted` : app.version}</span>
          {app.badges.map((badge) => (
            <span class="tag" key={badge}>
              {badge}
            </span>
          ))}
        </>
      }
    >
      {!app.deleted && (
        <>
          <button type="button" class="button" onClick={() => void remove()}>
            Delete
          </button>
          <a class="button primary" href={at(`/applications/${app.id}/launch`)}>
            Launch
          </a>
        </>
      )}
    </PageHead>
  );
}

function NoInstances({ app }: { app: App }) {
  return (
    <>
      <Empty title="There are no instances yet.">
        <p>
          <a href={at(`/applications/${app.id}/launch`)}>Launch the first one</a>
        </p>
      </Empty>
      {app.no_info_html !== undefined && (
        <div class="card app-element">
          <EmptyFrame app={app.id} version={app.version} title={app.name} />
        </div>
      )}
    </>
  );
}
