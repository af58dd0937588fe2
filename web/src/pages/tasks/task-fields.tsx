import { call } from '../../api/client.js';
import type { Named } from '../../api/task.js';
import { useQuery } from '../../api/use-query.js';
import { Card } from '../../components/card.js';
import { SelectField, TextField } from '../../components/fields.js';
import { ParameterEditor } from './parameter-editor.js';
import type { TaskForm } from './task-form.js';

const TYPES = [
  ...['training', 'testing', 'inference', 'data_processing', 'application', 'monitor'],
  ...['controller', 'optimizer', 'service', 'qc', 'custom'],
];

interface FieldsProps {
  form: TaskForm;
  onChange: (patch: Partial<TaskForm>) => void;
  problems: Partial<Record<keyof TaskForm, string>>;
}

type TextName = { [K in keyof TaskForm]: TaskForm[K] extends string ? K : never }[keyof TaskForm];

/** All fields of a new task, in the order in which people think of them. */
export function TaskFields({ form, onChange, problems }: FieldsProps) {
  const text = (name: TextName) => ({
    value: form[name],
    onInput: (value: string) => onChange({ [name]: value }),
    error: problems[name],
  });
  return (
    <div class="form-grid">
      <Card title="Task">
        <div class="stack">
          <TextField label="Name" required {...text('name')} />
          <ProjectField {...text('project')} />
          <SelectField
            label="Type"
            value={form.type}
            onChange={(type) => onChange({ type })}
            options={TYPES.map((type) => [type, type.replace('_', ' ')])}
          />
          <TextField label="Tags" hint="Commas separate several." {...text('tags')} />
        </div>
      </Card>
      <Card title="Code">
        <CodeFields form={form} onChange={onChange} text={text} />
      </Card>
      <Card title="Environment">
        <div class="stack">
          <TextField
            label="Requirements"
            hint="As in requirements.txt. Empty: those of the repository."
            rows={4}
            mono
            {...text('requirements')}
          />
          <TextField label="Binary" mono {...text('binary')} />
          <TextField
            label="Image"
            hint="For agents that run containers. Empty: the agent's default."
            mono
            {...text('image')}
          />
          <TextField
            label="Image arguments"
            hint="Such as --ipc=host. The agent's policy decides which it takes."
            mono
            {...text('imageArguments')}
          />
        </div>
      </Card>
      <Card title="Parameters">
        <ParameterEditor rows={form.parameters} onChange={(parameters) => onChange({ parameters })} />
        {problems.parameters !== undefined && <p class="hint bad">{problems.parameters}</p>}
      </Card>
    </div>
  );
}

interface CodeProps {
  form: TaskForm;
  onChange: FieldsProps['onChange'];
  text: (name: TextName) => { value: string; onInput: (value: string) => void; error: string | undefined };
}

function CodeFields({ form, onChange, text }: CodeProps) {
  return (
    <div class="stack">
      <SelectField
        label="Source"
        value={form.isOwnCode ? 'own' : 'repository'}
        onChange={(source) => onChange({ isOwnCode: source === 'own' })}
        options={[
          ['repository', 'A git repository'],
          ['own', 'Code written here'],
        ]}
      />
      {form.isOwnCode ? (
        <TextField label="Code" rows={12} mono {...text('code')} />
      ) : (
        <>
          <TextField
            label="Repository"
            required
            placeholder="https://github.com/…"
            mono
            {...text('repository')}
          />
          <div class="two">
            <TextField label="Branch" hint="Empty: the default one." mono {...text('branch')} />
            <TextField label="Commit" hint="Empty: the last one." mono {...text('commit')} />
          </div>
          <div class="two">
            <TextField label="Entry point" required placeholder="train.py" mono {...text('entryPoint')} />
            <TextField label="Working folder" mono {...text('workingFolder')} />
          </div>
        </>
      )}
    </div>
  );
}

function ProjectField(field: { value: string; onInput: (value: string) => void; error: string | undefined }) {
  const { data: projects = [] } = useQuery('projects', async (signal) => {
    const answer = await call<{ projects: Named[] }>(
      'projects.get_all',
      { only_fields: ['id', 'name'], order_by: ['name'] },
      { signal },
    );
    return answer.projects;
  });
  return (
    <TextField
      label="Project"
      hint="A name that is not there yet makes a project."
      suggestions={projects.map(({ name = '' }) => name)}
      {...field}
    />
  );
}
