/** An address inside the checkout of a task, whichever run made it: `task_repository/<repository>/<folder>`. */
const IN_CHECKOUT =
  /^((?:-e|--editable)[\s=]+|[\w.-]+\s*(?:\[[^\]]*\])?\s*@\s*)?file:\/\/[^\s#]*\/task_repository\/[^/\s#]+(\/[^\s#]*)?(?:#\S*)?$/i;

/**
 * A package that lies in the task's repository, as a path from the repository's root: `./libs/a` for
 * `a @ file:///…/task_repository/project.git/libs/a`. The checkout is gone after the run, so its address would
 * make a list that no other run can install. Other lines are given back as they are.
 */
export function fromRepositoryRoot(line: string): string {
  const match = IN_CHECKOUT.exec(line.trim());
  if (match === null) return line;
  const [, before = '', folder = ''] = match;
  return `${before.startsWith('-') ? '-e ' : ''}.${decoded(folder).replace(/\/+$/, '')}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
