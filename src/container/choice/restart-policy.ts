import { booleanWord } from '../../config/words.js';

/** `CLEARML_AGENT_SERVICES_DOCKER_RESTART`, read. */
export interface RestartRule {
  policy: string;
  /** Field of the task that decides, by its dotted path; `undefined`: it always applies. */
  field: string | undefined;
  /** What the field must be; `undefined`: it must only be there. */
  expected: string | undefined;
}

/**
 * Reads `POLICY[;FIELD[=VALUE]]`.
 *
 * @returns `undefined` when nothing is set
 * @throws RangeError for a policy that Docker does not have
 */
export function readRestartRule(text: string | undefined): RestartRule | undefined {
  const [policyText = '', ...selector] = (text ?? '').trim().split(';');
  const policy = policyText.trim();
  if (policy === '') return undefined;
  if (!/^(no|always|unless-stopped|on-failure(:\d+)?)$/.test(policy)) {
    throw new RangeError(`expected no, always, unless-stopped or on-failure[:times], found "${policy}"`);
  }
  const [field = '', ...value] = selector.join(';').split('=');
  const expected = value.join('=');
  return {
    policy,
    field: field.trim() === '' ? undefined : field.trim(),
    expected: expected === '' ? undefined : expected,
  };
}

/** The restart policy of one task's container; `undefined`: the container ends with its command. */
export function restartPolicy(rule: RestartRule | undefined, task: unknown): string | undefined {
  if (rule === undefined) return undefined;
  if (rule.field === undefined) return rule.policy;
  const found = fieldAt(task, rule.field);
  const holds = found.present && (rule.expected === undefined || equals(found.value, rule.expected));
  return holds ? rule.policy : undefined;
}

/** A value of a document by its dotted path; parts of a path are names of members only. */
export function fieldAt(document: unknown, path: string): { present: boolean; value: unknown } {
  let value = document;
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, part)) {
      return { present: false, value: undefined };
    }
    value = Object.entries(value).find(([key]) => key === part)?.[1];
  }
  return { present: true, value };
}

function equals(value: unknown, expected: string): boolean {
  if (typeof value === 'boolean') return booleanWord(expected) === value;
  if (typeof value === 'number') return expected.trim() !== '' && Number(expected) === value;
  return value === expected;
}
