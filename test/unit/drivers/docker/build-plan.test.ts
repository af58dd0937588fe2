import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { namesPackages } from '../../../../src/drivers/container/tools-for-scripts.js';
import { planBuild, variableScript } from '../../../../src/drivers/docker/image/build-plan.js';
import { splitName } from '../../../../src/drivers/docker/image/commit-image.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

test('variables of a container become shell text, but for those of a run and those that no shell can name', (t) => {
  const given = [
    "A=it's",
    'B=',
    'C',
    'CLEARML_TASK_ID=x',
    'TRAINS_WORKER_ID=y',
    'with.dot=1',
    'D=a=b',
    'E=1\n2',
  ];
  const text = variableScript(given);
  t.is(text, `export A='it'"'"'s'\nexport B=''\nunset C\nexport D=a=b\nexport E='1\n2'\n`);
});

test('the container of an image has no variables, labels, name or restarts of its own', async (t) => {
  const control = path.join(temporaryFolder(t), 'container');
  const plan = await planBuild(
    {
      request: {
        name: 'task-1',
        Image: 'img:1',
        Env: ['A=1'],
        Labels: { owner: 'me' },
        HostConfig: { NetworkMode: 'host', RestartPolicy: { Name: 'always' } },
      },
      pull: 'missing',
      scripts: [{ name: 'own', text: 'echo own' }],
      notes: [],
    },
    control,
  );
  t.deepEqual(plan.request, { Image: 'img:1', HostConfig: { NetworkMode: 'host' } });
  t.true(plan.unlabelled);
  t.deepEqual(
    plan.scripts.map(({ text }) => text),
    ['. /.clearml.run/variables', 'echo own'],
  );
  t.is(readFileSync(path.join(control, 'variables'), 'utf8'), 'export A=1\n');
});

for (const name of ['CLEARML_APT_INSTALL', 'TRAINS_APT_INSTALL']) {
  test(`packages of ${name} are installed while an image is built`, async (t) => {
    const control = path.join(temporaryFolder(t), 'container');
    const plan = async (Env: string[]) => {
      const request = { Image: 'img:1', Env, HostConfig: {} };
      return planBuild({ request, pull: 'missing', scripts: [], notes: [] }, control);
    };
    t.true(namesPackages({}, (await plan([`${name}=hello`])).scripts));
    t.false(namesPackages({}, (await plan(['A=hello'])).scripts));
  });
}

const NAMES: [name: string, repo: string, tag: string][] = [
  ['a', 'a', 'latest'],
  ['a:1', 'a', '1'],
  ['registry:5000/a', 'registry:5000/a', 'latest'],
  ['registry:5000/a/b:x.y', 'registry:5000/a/b', 'x.y'],
];
for (const [name, repo, tag] of NAMES) {
  test(`${name}: its repository and tag`, (t) => t.deepEqual(splitName(name), { repo, tag }));
}
