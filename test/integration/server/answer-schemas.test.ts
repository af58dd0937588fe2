import test from 'ava';
import { ENDPOINTS } from '../../../src/server/endpoints.js';
import { OTHER_CALLS } from '../../support/answer-calls.js';
import { misfits, officialAnswerSchemas } from '../../support/answer-schemas.js';
import { serverUnderTest } from '../../support/embedded-server.js';
import { replay } from '../../support/recorded-answers/replay.js';
import { readScenario, type Scenario, scenarioFiles } from '../../support/recorded-answers/scenario.js';

/** Where the released server (2.3.0) itself answers otherwise than the schema says: as recorded, or by its sources. */
const OFFICIAL_EXCEPTIONS: ReadonlySet<string> = new Set([
  'events.delete_for_model /deleted must be boolean,null', // a count
  'events.delete_for_task /deleted must be boolean,null',
  'events.download_task_log  must be string', // a file without an envelope
  'events.get_vector_metrics_and_variants /metrics must be array,null', // variants by metric
  'tasks.get_configuration_names /configurations must be object,null', // a list of {task, names}
  // The SDK's list of types is older than the server's.
  'tasks.get_by_id /task must be null',
  'tasks.get_by_id /task must match exactly one schema in oneOf',
  'tasks.get_by_id /task/type must be equal to one of the allowed values',
  'tasks.get_by_id /task/type must be null',
  'tasks.get_by_id /task/type must match exactly one schema in oneOf',
]);

test('each answer has the form that the official schema of its endpoint gives', async (t) => {
  const schemas = await officialAnswerSchemas();
  const answered = new Set<string>();
  const wrong = new Set<string>();
  const scenarios = [...scenarioFiles().map(readScenario), { name: 'other calls', steps: OTHER_CALLS }];
  const check = async (scenario: Scenario) => {
    const { server } = await serverUnderTest(t);
    for (const { step, status, data } of await replay(server, scenario)) {
      if (scenario.steps === OTHER_CALLS) t.is(status, 200, `${step.call}: ${JSON.stringify(data)}`);
      const found = status === 200 ? misfits(schemas, step.call, data, step.version?.slice(1)) : undefined;
      if (found === undefined) continue;
      answered.add(step.call);
      for (const misfit of found) wrong.add(misfit);
    }
  };
  await Promise.all(scenarios.map(check));
  t.deepEqual([...wrong].filter((misfit) => !OFFICIAL_EXCEPTIONS.has(misfit)).sort(), []);
  t.deepEqual(
    [...OFFICIAL_EXCEPTIONS].filter((misfit) => !wrong.has(misfit)),
    [],
    'no answer differs in this way: take it off the list',
  );
  const never = Object.keys(ENDPOINTS).filter(
    (name) => schemas.has(name) && !answered.has(name) && name !== 'models.get_by_task_id',
  );
  t.deepEqual(never, [], 'no call of the test has an answer of these');
});
