import path from 'node:path';
import test from 'ava';
import { podFromPlan } from '../../../../src/drivers/kubernetes/pod-from-plan.js';
import { podShare } from '../../../../src/drivers/kubernetes/shared-volume.js';
import { planned } from '../../../support/kubernetes-run.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const CLAIM = { persistentVolumeClaim: { claimName: 'disk' } };
const IDENTITY = { name: 'p', namespace: 'n', labels: {}, annotations: {}, graceSeconds: 30 };

function cache(file: string, target: string) {
  return { file, source: file, target, cache: true };
}

test('of the volume a pod has its workspace and the caches that lie there, each by itself', async (t) => {
  const folder = temporaryFolder(t);
  const elsewhere = temporaryFolder(t);
  const own = [
    cache(path.join(folder, 'pip-cache'), '/root/.cache/pip'),
    cache(path.join(elsewhere, 'sdk'), '/clearml_agent_cache'),
    {
      file: path.join(folder, 'clearml.conf'),
      source: path.join(folder, 'clearml.conf'),
      target: '/tmp/clearml.conf',
    },
  ];
  const container = { ...planned('image:1', []), own };
  const share = await podShare(
    { folder, volume: CLAIM },
    {
      workspace: path.join(folder, 'runs', 'one'),
      container,
      cacheGroup: 'anna/b',
      runFolder: path.join(folder, 'run'),
    },
  );
  const isRoot = process.getuid?.() === 0;
  const caches = [{ mountPath: '/root/.cache/pip', subPath: 'pip-cache.groups/anna%2Fb' }];
  t.deepEqual(
    share.mounts,
    isRoot ? [{ mountPath: '/.clearml.workspace', subPath: 'runs/one' }, ...caches] : caches,
  );
  const { pod } = podFromPlan(IDENTITY, { ...container, share }, {});
  const [task, keeper] = pod.spec?.containers ?? [];
  const names = task?.volumeMounts?.map(({ name, mountPath }) => `${name} ${mountPath}`);
  t.true(names?.includes('clearml-shared /root/.cache/pip'));
  t.is(names?.filter((name) => name.endsWith('/.clearml.workspace')).length, 1);
  t.is(names?.includes('clearml-shared /.clearml.workspace'), isRoot);
  t.is(pod.spec?.volumes?.filter(({ name }) => name === 'clearml-shared').length, 1);
  t.false(keeper?.volumeMounts?.some(({ name }) => name === 'clearml-shared'));
});

test('another user of the image has caches of its own', async (t) => {
  const folder = temporaryFolder(t);
  const container = {
    ...planned('image:1', ['-u', '1000:1000']),
    own: [cache(path.join(folder, 'pip-cache'), '/root/.cache/pip')],
  };
  const request = {
    workspace: '/elsewhere',
    container,
    cacheGroup: undefined,
    runFolder: path.join(folder, 'run'),
  };
  const share = await podShare({ folder, volume: CLAIM }, request);
  t.false(share.hasWorkspace);
  t.deepEqual(share.mounts, [{ mountPath: '/root/.cache/pip', subPath: 'pip-cache.users/1000' }]);
  t.deepEqual(share.userFolders, [path.join(folder, 'pip-cache.users', '1000')]);
});
