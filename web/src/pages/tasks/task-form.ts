import { call } from '../../api/client.js';
import type { Named, Task } from '../../api/task.js';
import { type ParameterRow, problemOf, rowsOf, toSections } from './parameter-rows.js';

/** What the form of a new task holds; all texts. */
export interface TaskForm {
  name: string;
  project: string;
  type: string;
  tags: string;
  /** Whether the code is written here, instead of coming from a repository. */
  isOwnCode: boolean;
  repository: string;
  branch: string;
  commit: string;
  entryPoint: string;
  workingFolder: string;
  binary: string;
  code: string;
  requirements: string;
  image: string;
  imageArguments: string;
  parameters: readonly ParameterRow[];
}

const DEFAULT_CODE_FILE = 'script.py';

export const EMPTY_FORM: TaskForm = {
  name: '',
  project: '',
  type: 'training',
  tags: '',
  isOwnCode: false,
  repository: '',
  branch: '',
  commit: '',
  entryPoint: '',
  workingFolder: '.',
  binary: 'python3',
  code: '',
  requirements: '',
  image: '',
  imageArguments: '',
  parameters: [],
};

/** The form of a clone: everything as in the task that it is made from. */
export function formOf(task: Task): TaskForm {
  const { script = {}, container = {} } = task;
  const isOwnCode = (script.repository ?? '') === '' && (script.diff ?? '') !== '';
  return {
    name: `${task.name} (clone)`,
    project: task.project?.name ?? '',
    type: task.type,
    tags: (task.tags ?? []).join(', '),
    isOwnCode,
    repository: script.repository ?? '',
    branch: script.branch ?? '',
    commit: script.version_num ?? '',
    entryPoint: script.entry_point ?? '',
    workingFolder: script.working_dir ?? '',
    binary: script.binary ?? '',
    code: isOwnCode ? (script.diff ?? '') : '',
    requirements: pipText(task),
    image: container.image ?? '',
    imageArguments: container.arguments ?? '',
    parameters: rowsOf(task.hyperparams ?? {}),
  };
}

function pipText({ script = {} }: Task): string {
  const pip = script.requirements?.pip ?? '';
  return typeof pip === 'string' ? pip : pip.join('\n');
}

/** What is wrong with the form, by field. */
export function problemsOf(form: TaskForm): Partial<Record<keyof TaskForm, string>> {
  const parameters = problemOf(form.parameters);
  return {
    ...(form.name.trim().length < 3 ? { name: 'A name has at least 3 characters.' } : {}),
    ...(!form.isOwnCode && form.repository.trim() === ''
      ? { repository: 'Where is the code? Or choose “Code written here”.' }
      : {}),
    ...(!form.isOwnCode && form.entryPoint.trim() === ''
      ? { entryPoint: 'Which file starts, such as train.py?' }
      : {}),
    ...(form.isOwnCode && form.code.trim() === '' ? { code: 'The code is empty.' } : {}),
    ...(parameters === undefined ? {} : { parameters }),
  };
}

/** Makes the task. @param source the task that it is a clone of @returns its id */
export async function createTask(form: TaskForm, source: Task | undefined): Promise<string> {
  const project = await projectFor(form.project.trim());
  if (source === undefined) {
    const body = {
      name: form.name,
      type: form.type,
      tags: tagsOf(form),
      ...(project === undefined ? {} : { project }),
      script: scriptOf(form, {}),
      container: containerOf(form, {}),
      hyperparams: toSections(form.parameters),
    };
    return (await call<{ id: string }>('tasks.create', body)).id;
  }
  const { id } = await call<{ id: string }>('tasks.clone', {
    task: source.id,
    new_task_name: form.name,
    new_task_tags: tagsOf(form),
    new_task_parent: source.id,
    ...(project === undefined ? {} : { new_task_project: project }),
    new_task_hyperparams: toSections(form.parameters),
    new_task_container: containerOf(form, source.container ?? {}),
  });
  await call('tasks.edit', { task: id, type: form.type, script: scriptOf(form, source.script ?? {}) });
  return id;
}

/** The fields of the form over those that the form does not show. */
function scriptOf(form: TaskForm, before: NonNullable<Task['script']>): object {
  const pip = form.requirements.trim();
  const shared = {
    ...before,
    binary: form.binary.trim() || 'python3',
    working_dir: form.workingFolder.trim() || '.',
    requirements: {
      ...before.requirements,
      ...(pip === '' && before.requirements?.pip === undefined ? {} : { pip }),
    },
  };
  if (form.isOwnCode)
    return {
      ...shared,
      repository: '',
      branch: '',
      version_num: '',
      entry_point: form.entryPoint.trim() || DEFAULT_CODE_FILE,
      diff: form.code,
    };
  return {
    ...shared,
    repository: form.repository.trim(),
    branch: form.branch.trim(),
    version_num: form.commit.trim(),
    entry_point: form.entryPoint.trim(),
  };
}

function containerOf({ image, imageArguments }: TaskForm, before: NonNullable<Task['container']>): object {
  return { ...before, image: image.trim(), arguments: imageArguments.trim() };
}

function tagsOf({ tags }: TaskForm): string[] {
  return tags
    .split(',')
    .map((tag) => tag.trim())
    .filter(Boolean);
}

/** The project of a name; made if there is none. */
async function projectFor(name: string): Promise<string | undefined> {
  if (name === '') return undefined;
  const pattern = `^${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;
  const { projects } = await call<{ projects: Named[] }>('projects.get_all', {
    name: pattern,
    only_fields: ['id', 'name'],
    search_hidden: true,
  });
  const known = projects.find((project) => project.name === name);
  if (known !== undefined) return known.id;
  return (await call<{ id: string }>('projects.create', { name })).id;
}
