import { readdirSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { sharedEngine } from '../../support/docker-engine.js';
import { makeMachineImage } from '../../support/machine-image.js';
import { pythonTool } from '../../support/python-tools.js';
import { resultIn, sdkScriptText } from '../../support/sdk-script.js';

const PACKAGES = ['bash', 'dash', 'coreutils', 'grep', 'sed', 'python3', 'ca-certificates'];

const engineFor = sharedEngine(
  test,
  (engine) => makeMachineImage(engine, 'python:1', { packages: PACKAGES }),
  170_000,
);

/** A mount that gives the Python of the image the packages of the SDK. */
async function sdkMount(): Promise<string> {
  const library = path.join(path.dirname(await pythonTool('clearml')), '../lib');
  const [version = ''] = readdirSync(library);
  return `${path.join(library, version, 'site-packages')}:/usr/local/lib/${version}/dist-packages:ro`;
}

test('scripts that use the SDK run as tasks in containers', async (t) => {
  const engine = await engineFor(t);
  const one = await agentUnderTest(t, {
    DOCKER_HOST: `unix://${engine.socket}`,
    CLEARML_AGENT_EXTRA_DOCKER_ARGS: `--network host -v ${await sdkMount()}`,
    CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1',
  });
  one.daemon('--docker', 'python:1');
  const { id: project } = await one.call<{ id: string }>('projects.create', { name: 'Models' });
  const run = async (name: string): Promise<unknown> => {
    const script = { entry_point: `${name}.py`, diff: await sdkScriptText(name) };
    const id = await one.enqueue(script, one.queue, { project });
    const { status } = await one.ended(id, 120_000);
    t.is(status, 'completed', await one.log(id));
    return resultIn(await one.log(id));
  };
  t.like(await run('models'), { same: true, found: [true], metadata: '0.9', output_of: ['net'] });
  t.like(await run('datasets'), { newest: true, files: ['a.txt', 'b.txt'], left: 1 });
});
