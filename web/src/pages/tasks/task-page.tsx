import { useState } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import { useAddress } from '../../api/address.js';
import { askTask } from '../../api/ask-task.js';
import type { Task } from '../../api/task.js';
import { useQuery } from '../../api/use-query.js';
import { at } from '../../base.js';
import { PageHead } from '../../components/page-head.js';
import { ErrorNote, Loading } from '../../components/states.js';
import { StatusBadge } from '../../components/status-badge.js';
import { Tabs } from '../../components/tabs.js';
import { ActionMenu } from './bulk-actions.js';
import { EnqueueDialog } from './enqueue-dialog.js';
import { ACTIONS, canEnqueue, perform } from './task-actions.js';
import { TABS } from './task-tabs.js';
import './tasks.css';

const REFRESH_MS = 3000;

/** One task: its state and actions above, tabs below. The tab is in the address. */
export default function TaskPage() {
  const { id = '' } = useRoute().params;
  const { route } = useLocation();
  const address = useAddress();
  const { data, error, isStale, reload } = useQuery(id, (signal) => askTask(id, signal), REFRESH_MS);
  const task = isStale ? undefined : data;
  if (task === undefined)
    return error === undefined ? (
      <Loading label="Loading the task" />
    ) : (
      <Missing error={error} onRetry={reload} />
    );
  const tab = TABS.find(({ key }) => key === address.get('tab')) ?? TABS[0];
  const Body = tab.body;
  return (
    <>
      <TaskHead task={task} onDone={reload} onDeleted={() => route(at('/tasks'))} />
      <Tabs
        label="Parts of the task"
        tabs={TABS.map(({ key, title }) => [key, title])}
        chosen={tab.key}
        onChoose={(key) => address.set({ tab: key === TABS[0].key ? undefined : key })}
      >
        <Body key={task.id} task={task} reload={reload} />
      </Tabs>
    </>
  );
}

function Missing({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  return (
    <>
      <PageHead title="Task" crumb={<a href={at('/tasks')}>Tasks</a>} />
      <ErrorNote error={error} onRetry={onRetry} />
    </>
  );
}

function TaskHead({ task, onDone, onDeleted }: { task: Task; onDone: () => void; onDeleted: () => void }) {
  const [isEnqueueing, setEnqueueing] = useState(false);
  const abort = ACTIONS.find(({ key }) => key === 'abort');
  const { project, tags = [] } = task;
  return (
    <PageHead
      title={task.name}
      crumb={
        <>
          <a href={at('/tasks')}>Tasks</a>
          {project?.name !== undefined && (
            <>
              {' / '}
              <a href={at(`/tasks?project=${project.id}`)}>{project.name}</a>
            </>
          )}
        </>
      }
      beside={
        <>
          <StatusBadge status={task.status} />
          {tags.map((tag) => (
            <a class="tag" key={tag} href={at(`/tasks?tag=${encodeURIComponent(encodeURIComponent(tag))}`)}>
              {tag}
            </a>
          ))}
        </>
      }
    >
      {abort?.applies(task) === true && (
        <button
          type="button"
          class="button"
          onClick={() => void perform(abort, [task]).then((done) => done && onDone())}
        >
          Abort
        </button>
      )}
      <a class="button" href={at(`/tasks/new?from=${task.id}`)}>
        Clone
      </a>
      {canEnqueue(task) && (
        <button type="button" class="button primary" onClick={() => setEnqueueing(true)}>
          Enqueue
        </button>
      )}
      <ActionMenu task={task} onDone={onDone} onDeleted={onDeleted} />
      {isEnqueueing && <EnqueueDialog tasks={[task]} onClose={() => setEnqueueing(false)} onDone={onDone} />}
    </PageHead>
  );
}
