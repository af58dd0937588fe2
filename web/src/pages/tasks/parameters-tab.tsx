import { call } from '../../api/client.js';
import type { Sections, Task } from '../../api/task.js';
import { useKept } from '../../api/use-kept.js';
import { Card } from '../../components/card.js';
import { Empty } from '../../components/states.js';
import { attempt } from '../../components/toast.js';
import { ParameterEditor } from './parameter-editor.js';
import { type ParameterRow, problemOf, rowsOf, toParameters } from './parameter-rows.js';
import type { TabProps } from './tab-props.js';

/** Hyper-parameters by section; those of a draft can be edited. */
export function ParametersTab({ task, reload }: TabProps) {
  const [edited, setEdited] = useKept<readonly ParameterRow[] | undefined>(
    `parameters ${task.id}`,
    () => undefined,
    false,
  );
  const sections = task.hyperparams ?? {};
  const isDraft = task.status === 'created';
  if (isDraft && edited !== undefined)
    return (
      <EditForm
        task={task}
        rows={edited}
        onChange={setEdited}
        onClose={() => {
          setEdited(undefined);
          reload();
        }}
      />
    );
  const edit = isDraft && (
    <button type="button" class="button" onClick={() => setEdited(rowsOf(sections))}>
      Edit parameters
    </button>
  );
  return (
    <div class="stack">
      {edit && <div class="actions">{edit}</div>}
      {Object.keys(sections).length === 0 && <Empty title="The task has no parameters." />}
      <SectionCards sections={sections} />
      {!isDraft && Object.keys(sections).length > 0 && (
        <p class="hint">Parameters of a draft can be edited. Clone the task to run it with others.</p>
      )}
    </div>
  );
}

function SectionCards({ sections }: { sections: Sections }) {
  return (
    <>
      {Object.entries(sections).map(([section, parameters]) => (
        <Card key={section} title={section}>
          <dl class="facts">
            {Object.values(parameters).map(({ name, value, description }) => (
              <>
                <dt title={description}>{name}</dt>
                <dd class="mono parameter-value">{value}</dd>
              </>
            ))}
          </dl>
        </Card>
      ))}
    </>
  );
}

interface EditProps {
  task: Task;
  rows: readonly ParameterRow[];
  onChange: (rows: readonly ParameterRow[]) => void;
  onClose: () => void;
}

function EditForm({ task, rows, onChange, onClose }: EditProps) {
  const problem = problemOf(rows);
  const put = (parameters: object[]) =>
    call('tasks.edit_hyper_params', { task: task.id, hyperparams: parameters, replace_hyperparams: 'all' });
  const save = async (event: Event) => {
    event.preventDefault();
    if (problem !== undefined) return;
    const before = toParameters(rowsOf(task.hyperparams ?? {}));
    if (
      await attempt(
        () => put(toParameters(rows)),
        'Saved the parameters',
        () => put(before),
      )
    )
      onClose();
  };
  return (
    <form class="stack" onSubmit={save}>
      <ParameterEditor rows={rows} onChange={onChange} />
      {problem !== undefined && (
        <p class="hint bad" role="status">
          {problem}
        </p>
      )}
      <div class="actions">
        <button type="submit" class="button primary" disabled={problem !== undefined}>
          Save
        </button>
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
      </div>
    </form>
  );
}
