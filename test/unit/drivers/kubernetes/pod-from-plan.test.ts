import test from 'ava';
import type { Resources } from '../../../../src/container/resources/resource-words.js';
import { FINALIZER, podFromPlan } from '../../../../src/drivers/kubernetes/pod-from-plan.js';
import { planned } from '../../../support/kubernetes-run.js';

const IDENTITY = { name: 'p', namespace: 'n', labels: { a: 'b' }, annotations: {}, graceSeconds: 30 };

function podOf(words: readonly string[], template: Record<string, unknown> = {}, resources: Resources = {}) {
  const plan = podFromPlan(IDENTITY, { ...planned('image:1', words), resources }, template);
  const [task, keeper] = plan.pod.spec?.containers ?? [];
  return { ...plan, spec: plan.pod.spec, task, keeper };
}

test('a pod without arguments has both containers, no token of the API, and keeps its exit code', (t) => {
  const { pod, spec, task, keeper } = podOf([]);
  t.like(pod, {
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'n', labels: { a: 'b' }, finalizers: [FINALIZER] },
  });
  t.like(spec, {
    restartPolicy: 'Never',
    shareProcessNamespace: true,
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 30,
  });
  t.like(task, { name: 'task', image: 'image:1', imagePullPolicy: 'IfNotPresent' });
  t.like(keeper, { name: 'clearml-agent', image: 'image:1' });
});

test('variables go to a secret and never into the pod', (t) => {
  const { pod, variables, notes } = podOf(['-e', 'KEY=very-secret', '-e', 'ODD:NAME=x', '-e', 'BARE']);
  t.deepEqual(variables, { KEY: 'very-secret' });
  t.false(JSON.stringify(pod).includes('very-secret'));
  t.deepEqual(notes, ['the variable ODD:NAME is left out: a secret cannot have its name']);
});

const FIELDS: Record<string, { words: string[]; task?: object; spec?: object }> = {
  'limits of memory and processors': {
    words: ['--memory', '2g', '--cpus', '1.5', '--memory-reservation', '1g'],
    task: {
      resources: {
        limits: { cpu: '1500m', memory: '2147483648' },
        requests: { cpu: '1500m', memory: '1073741824' },
      },
    },
  },
  'a number of GPUs': {
    words: ['--gpus', '2'],
    task: { resources: { limits: { 'nvidia.com/gpu': '2' }, requests: { 'nvidia.com/gpu': '2' } } },
  },
  'user and group': {
    words: ['-u', '1000:2000'],
    task: { securityContext: { runAsUser: 1000, runAsGroup: 2000 } },
  },
  rights: {
    words: [
      '--cap-add',
      'SYS_PTRACE',
      '--cap-drop',
      'ALL',
      '--read-only',
      '--security-opt',
      'no-new-privileges',
    ],
    task: {
      securityContext: {
        capabilities: { add: ['SYS_PTRACE'], drop: ['ALL'] },
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
      },
    },
  },
  'network, names and hosts': {
    words: ['--network', 'host', '--hostname', 'box', '--add-host', 'db:10.0.0.1', '--dns', '10.0.0.2'],
    spec: {
      hostNetwork: true,
      hostname: 'box',
      hostAliases: [{ ip: '10.0.0.1', hostnames: ['db'] }],
      dnsPolicy: 'None',
      dnsConfig: { nameservers: ['10.0.0.2'] },
    },
  },
  'a pull policy': { words: ['--pull', 'always'], task: { imagePullPolicy: 'Always' } },
  'a working folder': { words: ['-w', '/data'], task: { workingDir: '/data' } },
};

for (const [title, { words, task, spec }] of Object.entries(FIELDS)) {
  test(`arguments become fields: ${title}`, (t) => {
    const pod = podOf(words);
    if (task !== undefined) t.like(pod.task, task);
    if (spec !== undefined) t.like(pod.spec, spec);
  });
}

test('variables from secrets of a template stay, and those of the agent win over them', (t) => {
  const theirs = { secretRef: { name: 'keys' } };
  const { task } = podOf([], { spec: { containers: [{ name: 'any', envFrom: [theirs] }] } });
  // Kubernetes takes a variable from the last source that has it.
  t.deepEqual(task?.envFrom, [theirs, { secretRef: { name: 'p' } }]);
});

test('volumes are claims by name, and memory', (t) => {
  const { spec, task } = podOf(['-v', 'data:/data:ro', '--shm-size', '1g', '--tmpfs', '/scratch:size=64m']);
  const named = (name: string) => spec?.volumes?.find((volume) => volume.name === name);
  t.deepEqual(named('claim-0'), { name: 'claim-0', persistentVolumeClaim: { claimName: 'data' } });
  t.like(named('shm'), { emptyDir: { medium: 'Memory', sizeLimit: '1073741824' } });
  t.like(named('tmpfs-0'), { emptyDir: { medium: 'Memory', sizeLimit: '67108864' } });
  t.deepEqual(
    task?.volumeMounts?.find(({ name }) => name === 'claim-0'),
    { name: 'claim-0', mountPath: '/data', readOnly: true },
  );
});

const REFUSED: Record<string, string[]> = {
  '--ulimit': ['--ulimit', 'nofile=1024'],
  '--device': ['--device', '/dev/fuse'],
  '--sysctl': ['--sysctl', 'net.core.somaxconn=1024'],
  '--pids-limit': ['--pids-limit', '10'],
  '-p': ['-p', '80:80'],
  '-v': ['-v', '/etc:/etc'],
  '--mount': ['--mount', 'type=bind,source=/etc,target=/etc'],
  '--network': ['--network', 'other'],
  '--pid': ['--pid', 'host'],
  '-u': ['-u', 'someone'],
};

for (const [written, words] of Object.entries(REFUSED)) {
  test(`what Kubernetes lacks is refused by name: ${written}`, (t) => {
    const error = t.throws(() => podOf(words), { message: new RegExp(`docker argument ${written} `) });
    t.like(error, { code: 'DOCKER_ARGUMENT' });
  });
}

test('what a task states becomes resources and a deadline; an argument beats it', (t) => {
  const resources = { cpus: 0.5, memory: 1024, gpus: { count: 3, type: 'a100' }, time: 90_500 };
  const { task, spec, notes } = podOf(['--memory', '2048k'], {}, resources);
  t.deepEqual(task?.resources?.limits, { cpu: '500m', memory: '2097152', 'nvidia.com/gpu': '3' });
  t.is(spec?.activeDeadlineSeconds, 91);
  t.is(notes.length, 1);
});

test("a template adds to the pod and cannot take away what is the agent's", (t) => {
  const template = {
    metadata: { name: 'other', labels: { team: 'x' }, finalizers: ['own/one'] },
    spec: {
      restartPolicy: 'Always',
      automountServiceAccountToken: true,
      tolerations: [{ key: 'gpu' }],
      volumes: [{ name: 'extra', emptyDir: {} }],
      containers: [
        {
          name: 'any',
          image: 'ignored:1',
          command: ['sleep'],
          env: [
            { name: 'KEY', value: 'template' },
            { name: 'KEPT', value: '1' },
          ],
          resources: { limits: { 'nvidia.com/gpu': '4', cpu: '9' } },
          volumeMounts: [{ name: 'extra', mountPath: '/extra' }],
        },
        { name: 'side', image: 'side:1' },
      ],
    },
  };
  const { pod, spec, task } = podOf(['-e', 'KEY=task', '--gpus', 'all', '--cpus', '2'], template);
  t.like(pod.metadata, { name: 'p', labels: { team: 'x', a: 'b' }, finalizers: ['own/one', FINALIZER] });
  t.like(spec, { restartPolicy: 'Never', automountServiceAccountToken: true, tolerations: [{ key: 'gpu' }] });
  t.deepEqual(
    spec?.containers.map(({ name }) => name),
    ['task', 'side', 'clearml-agent'],
  );
  t.is(task?.image, 'image:1');
  t.not(task?.command?.[0], 'sleep');
  t.deepEqual(task?.env, [{ name: 'KEPT', value: '1' }]);
  t.deepEqual(task?.resources?.limits, { 'nvidia.com/gpu': '4', cpu: '2000m' });
  t.deepEqual(
    task?.volumeMounts?.map(({ name }) => name),
    ['extra', 'workspace', 'control'],
  );
  t.is(spec?.volumes?.length, 3);
});
