import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { useAddress } from '../../api/address.js';
import { askTask } from '../../api/ask-task.js';
import { call } from '../../api/client.js';
import type { Task } from '../../api/task.js';
import { useKept } from '../../api/use-kept.js';
import { useQuery } from '../../api/use-query.js';
import { at } from '../../base.js';
import { PageHead } from '../../components/page-head.js';
import { ErrorNote, Loading } from '../../components/states.js';
import { toast, toastError } from '../../components/toast.js';
import { EnqueueDialog } from './enqueue-dialog.js';
import type { Acted } from './task-actions.js';
import { TaskFields } from './task-fields.js';
import { createTask, EMPTY_FORM, formOf, problemsOf, type TaskForm } from './task-form.js';
import './tasks.css';

/** A task from a form; with `?from=` in the address, a clone with the fields of that task. */
export default function NewTask() {
  const from = useAddress().get('from');
  const { data: source, error } = useQuery(`source ${from}`, async (signal) =>
    from === undefined ? undefined : askTask(from, signal),
  );
  if (error !== undefined) return <ErrorNote error={error} />;
  if (from !== undefined && source?.id !== from) return <Loading label="Loading the task" />;
  return <Form key={from ?? ''} source={source} />;
}

function Form({ source }: { source: Task | undefined }) {
  const { route } = useLocation();
  const [form, setForm] = useKept<TaskForm>(
    `task form ${source?.id ?? ''}`,
    () => (source === undefined ? EMPTY_FORM : formOf(source)),
    true,
  );
  const [isTried, setTried] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [made, setMade] = useState<Acted>();
  const problems = problemsOf(form);
  const open = (id: string) => route(at(`/tasks/${id}`));
  const make = async (enqueues: boolean) => {
    setTried(true);
    if (Object.keys(problems).length > 0) return;
    setBusy(true);
    try {
      const id = await createTask(form, source);
      if (enqueues) setMade({ id, name: form.name, status: 'created' });
      else {
        toast(`Made the draft “${form.name}”`, () =>
          call('tasks.delete', { task: id }).then(() => route(at('/tasks'))),
        );
        open(id);
      }
    } catch (error) {
      toastError(error);
    }
    setBusy(false);
  };
  return (
    <form
      class="form-page"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void make(true);
      }}
    >
      <PageHead
        title={source === undefined ? 'New task' : 'Clone a task'}
        crumb={<Crumb source={source} />}
      />
      <TaskFields
        form={form}
        onChange={(patch) => setForm({ ...form, ...patch })}
        problems={isTried ? problems : {}}
      />
      <div class="form-foot">
        <button type="submit" class="button primary" disabled={isBusy}>
          Save and enqueue
        </button>
        <button type="button" class="button" disabled={isBusy} onClick={() => void make(false)}>
          Save as draft
        </button>
        {isTried && Object.keys(problems).length > 0 && (
          <span class="hint bad" role="alert">
            {Object.values(problems)[0]}
          </span>
        )}
      </div>
      {made !== undefined && (
        <EnqueueDialog tasks={[made]} onClose={() => open(made.id)} onDone={() => undefined} />
      )}
    </form>
  );
}

function Crumb({ source }: { source: Task | undefined }) {
  return (
    <>
      <a href={at('/tasks')}>Tasks</a>
      {source !== undefined && (
        <>
          {' / '}
          <a href={at(`/tasks/${source.id}`)}>{source.name}</a>
        </>
      )}
    </>
  );
}
