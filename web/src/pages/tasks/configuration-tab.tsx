import { call } from '../../api/client.js';
import type { Configuration, Task } from '../../api/task.js';
import { useKept } from '../../api/use-kept.js';
import { Card } from '../../components/card.js';
import { Code } from '../../components/code.js';
import { TextField } from '../../components/fields.js';
import { Empty } from '../../components/states.js';
import { attempt } from '../../components/toast.js';
import type { TabProps } from './tab-props.js';

/** Configuration objects; those of a draft can be edited. */
export function ConfigurationTab({ task, reload }: TabProps) {
  const all = Object.values(task.configuration ?? {});
  if (all.length === 0) return <Empty title="The task has no configuration objects." />;
  return (
    <div class="stack">
      {all.map((one) => (
        <One key={one.name} task={task} one={one} reload={reload} />
      ))}
    </div>
  );
}

function One({ task, one, reload }: { task: Task; one: Configuration; reload: () => void }) {
  const [text, setText] = useKept<string | undefined>(
    `configuration ${task.id} ${one.name}`,
    () => undefined,
    false,
  );
  const put = (value: string) =>
    call('tasks.edit_configuration', { task: task.id, configuration: [{ ...one, value }] });
  const save = async () => {
    if (text === undefined) return;
    if (
      !(await attempt(
        () => put(text),
        `Saved “${one.name}”`,
        () => put(one.value),
      ))
    )
      return;
    setText(undefined);
    reload();
  };
  const buttons =
    text === undefined ? (
      <button type="button" class="button small" onClick={() => setText(one.value)}>
        Edit
      </button>
    ) : (
      <>
        <button type="button" class="button small" onClick={() => setText(undefined)}>
          Cancel
        </button>
        <button type="button" class="button small primary" onClick={() => void save()}>
          Save
        </button>
      </>
    );
  return (
    <Card title={one.name} actions={task.status === 'created' && buttons}>
      {(one.description ?? '') !== '' && <p class="hint">{one.description}</p>}
      {text === undefined ? (
        <Code text={one.value} label={one.name} />
      ) : (
        <TextField label={one.name} hideLabel value={text} onInput={setText} rows={16} mono />
      )}
    </Card>
  );
}
