import { fieldAt } from './restart-policy.js';

export interface NameRequest {
  /** `agent.docker_container_name_format`; empty: the engine names the container. */
  format: string | undefined;
  /** `agent.docker_container_name_format_fields`: further names, each the dotted path of a task's field. */
  fields: Readonly<Record<string, string>>;
  taskId: string;
  /** Of this run: in services mode each task has its own. */
  workerId: string;
  /** The task's document as the server gave it. */
  task: unknown;
  /** 32 random lower-case letters. */
  random: string;
}

export type ContainerName = { name: string } | { name: undefined; problem?: string };

/** The container's name; a format that gives no usable one is a problem to warn about, not an error. */
export function containerName(request: NameRequest): ContainerName {
  if (!request.format) return { name: undefined };
  try {
    const name = fillFormat(request.format, { ...customFields(request), ...builtInFields(request) });
    if (isContainerName(name)) return { name };
    return { name: undefined, problem: `"${name}" is no name for a container` };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { name: undefined, problem: error.message };
  }
}

export function isContainerName(name: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name);
}

function builtInFields({ taskId, workerId, random }: NameRequest): Record<string, string> {
  const safe = (text: string) => text.replace(/[^A-Za-z0-9._-]/g, '-');
  return { task_id: safe(taskId), worker_id: safe(workerId), rand_string: random };
}

/** Fields that the task does not have, or that are no plain value, are left out, so the format fails by name. */
function customFields({ fields, task }: NameRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, path]) => {
      const { value } = fieldAt(task, path);
      return typeof value === 'string' || typeof value === 'number' ? [[name, String(value)]] : [];
    }),
  );
}

/**
 * Fills a format text such as `task-{task_id:.8}-{rand_string}`: names in braces, each with an optional
 * format after a colon (fill, alignment, width, precision, as Python writes them); doubled braces are braces.
 *
 * @throws RangeError for an unknown name, a format that texts do not have, or unbalanced braces
 */
function fillFormat(format: string, values: Readonly<Record<string, string>>): string {
  const pieces = /\{\{|\}\}|\{([^{}:!]*)(?:!s)?(?::([^{}]*))?\}|[{}]|[^{}]+/g;
  return format.replace(pieces, (piece, name?: string, spec?: string) => {
    if (piece === '{{' || piece === '}}') return piece.charAt(0);
    if (name === undefined) {
      if (piece === '{' || piece === '}') throw new RangeError(`a single "${piece}"`);
      return piece;
    }
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw new RangeError(`no field "${name}"`);
    return applySpec(value, spec ?? '');
  });
}

/** `[[fill]align][0][width][.precision][s]`, for texts. */
function applySpec(value: string, spec: string): string {
  const match = /^(?:(.)?([<>^]))?(0)?(\d+)?(?:\.(\d+))?s?$/su.exec(spec);
  if (match === null) throw new RangeError(`the format "${spec}" does not fit a text`);
  const [, fillLetter, align = '<', zero, width = '0', precision] = match;
  const fill = fillLetter ?? zero ?? ' ';
  const letters = [...value].slice(0, precision === undefined ? undefined : Number(precision));
  const missing = Math.max(0, Number(width) - letters.length);
  const before = align === '>' ? missing : align === '^' ? Math.floor(missing / 2) : 0;
  return fill.repeat(before) + letters.join('') + fill.repeat(missing - before);
}
