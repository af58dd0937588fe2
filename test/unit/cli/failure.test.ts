import test from 'ava';
import { describeFailure } from '../../../src/cli/main.js';
import { AgentError } from '../../../src/errors.js';

const CASES: [name: string, message: string, shown: string][] = [
  ['an escape sequence', 'no task "\u001b[2Jx"', 'no task "\\x1b[2Jx"'],
  ['a carriage return', 'no queue "a\rb"', 'no queue "a\\rb"'],
  ['a zero byte', "unknown command '\u0000bin'", "unknown command '\\x00bin'"],
  ['a control sequence of one letter', 'no queue "a\u009b2J"', 'no queue "a\\x9b2J"'],
  ['a mark that turns the writing round', 'no queue "a\u202eb"', 'no queue "a\\u202eb"'],
  ['letters of other scripts', 'no queue "Größe 大"', 'no queue "Größe 大"'],
];

for (const [name, message, shown] of CASES) {
  test(`a cause line shows ${name} and does nothing to the terminal`, (t) => {
    const { text, exitStatus } = describeFailure(new AgentError('USAGE', message, { hint: message }), false);
    t.is(text, `clearml_agent: ERROR: ${shown}\n  ${shown}\n`);
    t.is(exitStatus, 2);
  });
}

test('no line of a detail begins at the margin', (t) => {
  const error = new AgentError('COMMAND_FAILED', 'pip fails', {
    detail: 'one\nclearml_agent: ERROR: two\u0007',
  });
  t.is(
    describeFailure(error, false).text,
    'clearml_agent: ERROR: pip fails\n  one\n  clearml_agent: ERROR: two\\x07\n',
  );
});
