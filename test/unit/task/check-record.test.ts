import test from 'ava';
import type { TaskRecord } from '../../../src/api/task-record.js';
import { checkedScript } from '../../../src/task/check-record.js';

/** As a server may answer, whatever it checks itself. */
const record = (json: string): TaskRecord => JSON.parse(json);

const WRONG: readonly [json: string, cause: RegExp][] = [
  [
    '{"script":{"requirements":{"pip":5}}}',
    /^script\.requirements\.pip of the task: expected a text or a list of texts, found 5$/,
  ],
  ['{"script":{"requirements":{"pip":{"six":"1"}}}}', /requirements\.pip .* found \{"six":"1"\}$/],
  ['{"script":{"requirements":{"pip":"six","org_pip":7}}}', /requirements\.org_pip .* found 7$/],
  ['{"script":{"requirements":{"pip":[5,null]}}}', /requirements\.pip .* found \[5,null\]$/],
  [
    '{"script":{"requirements":"six"}}',
    /^script\.requirements of the task: expected an object .* found "six"$/,
  ],
  ['{"script":{"requirements":["six"]}}', /^script\.requirements of the task: expected an object/],
  ['{"script":{"entry_point":5}}', /^script\.entry_point of the task: expected a text, found 5$/],
  ['{"script":{"entry_point":"a\\u0000.py"}}', /^script\.entry_point .* without NUL characters/],
  ['{"script":{"diff":{"a":1}}}', /^script\.diff of the task: expected a text/],
  ['{"script":{"repository":7}}', /^script\.repository /],
  ['{"script":{"branch":[]}}', /^script\.branch .* found \[\]$/],
  ['{"script":{"working_dir":["x"]}}', /^script\.working_dir /],
  [
    '{"script":{"binary":"python"},"container":{"image":5}}',
    /^container\.image of the task: expected a text, found 5$/,
  ],
  ['{"script":{"binary":"python"},"container":{"arguments":7}}', /^container\.arguments /],
  [
    '{"script":{"binary":"python"},"container":{"setup_shell_script":["a"]}}',
    /^container\.setup_shell_script /,
  ],
  ['{"script":{}}', /has no script section/],
  ['{"script":null}', /has no script section/],
];

for (const [json, message] of WRONG)
  test(`a task with ${json}`, (t) =>
    void t.throws(() => checkedScript(record(json)), { code: 'TASK_INVALID', message }));

test('what servers send is taken', (t) => {
  const whole = record(
    '{"script":{"binary":"python3","tag":null,"requirements":{"pip":["six"],"conda":"","x":null}},"container":{"image":"a","arguments":["-e","A=1"]}}',
  );
  t.deepEqual(checkedScript(whole).requirements, { pip: ['six'], conda: '', x: null });
});
