import test from 'ava';
import type { TaskRecord } from '../../../src/api/task-record.js';
import { parseHocon } from '../../../src/config/hocon/parse-hocon.js';
import { mergeTrees } from '../../../src/config/tree.js';
import { expandVariables } from '../../../src/os/expand.js';
import { markerHolds } from '../../../src/packaging/markers.js';
import { parseRequirementList } from '../../../src/packaging/requirement-list.js';
import { planConda } from '../../../src/python/conda/conda-plan.js';
import { cleanUrl, parseGitUrl } from '../../../src/repository/git-url.js';
import { withoutVcsLogins } from '../../../src/repository/requirement-url.js';
import { sshToHttp } from '../../../src/repository/url-rewrite.js';
import { checkedScript } from '../../../src/task/check-record.js';

const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'];

function unpolluted(): boolean {
  return Reflect.get({}, 'polluted') === undefined && Reflect.get([], 'polluted') === undefined;
}

for (const name of NAMES) {
  test(`${name} is a key like any other in a configuration`, (t) => {
    const { root } = parseHocon(`a.${name}.polluted: 1\n${name} { polluted: 2 }`, { file: 'f', env: {} });
    const text = JSON.stringify(root);
    t.is(text, `{"a":{"${name}":{"polluted":1}},"${name}":{"polluted":2}}`);
    const merged = mergeTrees(JSON.parse(text), JSON.parse(`{"${name}":{"more":3}}`));
    t.deepEqual(JSON.parse(JSON.stringify(merged))[name], { polluted: 2, more: 3 });
    t.throws(() => parseHocon(`b: \${${name}}`, { file: 'f', env: process.env }), { code: 'CONFIG_SYNTAX' });
    t.true(unpolluted());
  });

  test(`${name} is a name like any other in a task`, (t) => {
    const record: TaskRecord = JSON.parse(
      `{"id":"t","runtime":{"${name}":{"polluted":1}},"hyperparams":{"${name}":{"${name}":{"value":"1"}}},
        "script":{"entry_point":"a.py","${name}":1,"requirements":{"pip":"six","${name}":"a\\nb"}}}`,
    );
    const script = checkedScript(record);
    t.is(JSON.stringify({ ...record.runtime }), `{"${name}":{"polluted":1}}`);
    t.is(JSON.stringify(withoutVcsLogins(script.requirements ?? {})), `{"pip":"six","${name}":"a\\nb"}`);
    t.is(expandVariables(`$${name} \${${name}}`, process.env), `$${name} \${${name}}`);
    t.true(unpolluted());
  });

  test(`${name} as a package, a marker, an option and a host`, (t) => {
    const { requirements, options } = parseRequirementList([
      `${name}x`,
      `-r a ${name}`,
      name.replaceAll('_', ''),
    ]);
    const facts = { cuda: 0, channels: ['defaults'], markers: {} };
    t.true(planConda(requirements, facts).conda.includes(`${name.replaceAll('_', '').toLowerCase()}`));
    t.deepEqual(options.others, [name]);
    t.true(markerHolds(`${name} in 'x'`, {}));
    const url = cleanUrl(parseGitUrl(`git@${name.toLowerCase()}:a/b.git`));
    t.is(sshToHttp(url, 'https').host, name.toLowerCase());
  });
}
