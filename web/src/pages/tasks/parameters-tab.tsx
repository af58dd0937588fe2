import { useState } from 'preact/hooks';
import { call } from '../../api/client.js';
import type { Sections, Task } from '../../api/task.js';
import { Card } from '../../components/card.js';
import { Empty } from '../../components/states.js';
import { attempt } from '../../components/toast.js';
import { ParameterEditor } from './parameter-editor.js';
import { type ParameterRow, rowsOf, toParameters } from './parameter-rows.js';
import type { TabProps } from './tab-props.js';

/** Hyper-parameters by section; those of a draft can be edited. */
export function ParametersTab({ task, reload }: TabProps) {
  const [isEditing, setEditing] = useState(false);
  const sections = task.hyperparams ?? {};
  const isDraft = task.status === 'created';
  if (isEditing)
    return (
      <EditForm
        task={task}
        onClose={() => {
          setEditing(false);
          reload();
        }}
      />
    );
  const edit = isDraft && (
    <button type="button" class="button" onClick={() => setEditing(true)}>
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

function EditForm({ task, onClose }: { task: Task; onClose: () => void }) {
  const [rows, setRows] = useState<readonly ParameterRow[]>(() => rowsOf(task.hyperparams ?? {}));
  const put = (parameters: object[]) =>
    call('tasks.edit_hyper_params', { task: task.id, hyperparams: parameters, replace_hyperparams: 'all' });
  const save = async (event: Event) => {
    event.preventDefault();
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
      <ParameterEditor rows={rows} onChange={setRows} />
      <div class="actions">
        <button type="submit" class="button primary">
          Save
        </button>
        <button type="button" class="button" onClick={onClose}>
          Cancel
        </button>
      </div>
    </form>
  );
}
