import { ERROR_TABLE } from '../../src/errors.js';

/** The text of docs/errors.md. */
export function errorsPage(): string {
  const rows = Object.entries(ERROR_TABLE).map(
    ([code, [status, meaning]]) => `| \`${code}\` | ${status} | ${meaning} |`,
  );
  return `# Errors and exit statuses

An error is one line on standard error: \`clearml_agent: ERROR: <cause>\`, and under it, indented, the failed tool's own
words and what to do, where there is something to say. \`agent --debug …\` adds the stack trace. An error while a task is
prepared or run goes to the task's log in the same form.

| status | meaning |
| --- | --- |
| 0 | done; also a daemon that was stopped |
| 1 | something failed while running, or a part of the output was lost |
| 2 | the user's input is wrong: command line, configuration, credentials |
| 129, 130, 131, 143 | ended by SIGHUP, Ctrl-C, SIGQUIT or SIGTERM before a task ran, or while the task could not be ended |
| other | \`agent execute\`: the exit status of the task's command |

| code | status | meaning |
| --- | --- | --- |
${rows.join('\n')}
`;
}
