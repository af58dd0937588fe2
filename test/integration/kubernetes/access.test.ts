import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { ExecutionContext } from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import type { Rule } from '../../support/kubernetes-access.js';
import { kubernetesBench } from '../../support/kubernetes-run.js';
import { kubernetesTest, sharedRig } from '../../support/kubernetes-test.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const rig = sharedRig();

const CORE = { apiGroups: [''] };
const PODS: Rule = {
  ...CORE,
  resources: ['pods'],
  verbs: ['create', 'get', 'list', 'watch', 'patch', 'delete'],
};
const EXEC: Rule = { ...CORE, resources: ['pods/exec'], verbs: ['create', 'get'] };
const SECRETS: Rule = { ...CORE, resources: ['secrets'], verbs: ['create', 'patch', 'delete'] };

/** The kubeconfig of the rig with other words in it. */
function changed(t: ExecutionContext, change: (text: string) => string): string {
  const file = path.join(temporaryFolder(t), 'kubeconfig');
  writeFileSync(file, change(readFileSync(rig.get().env.KUBECONFIG, 'utf8')));
  return file;
}

interface Case {
  kubeconfig(t: ExecutionContext): string | Promise<string>;
  flags?: readonly string[];
  cause: RegExp;
  status: number;
}

const CASES: Record<string, Case> = {
  'without the right to run commands in pods': {
    kubeconfig: () => rig.get().account('few', [PODS, SECRETS]),
    cause: /may not create pods\/exec, get pods\/exec in namespace access-\w+/,
    status: 2,
  },
  'with a token that is not valid': {
    kubeconfig: (t) => changed(t, (text) => text.replace('rig-admin', 'wrong')),
    cause: /refuses the credentials/,
    status: 2,
  },
  'with a context that does not exist': {
    kubeconfig: (t) =>
      changed(t, (text) => text.replace('"current-context":"rig"', '"current-context":"other"')),
    cause: /has no usable context "other"; it has rig/,
    status: 2,
  },
  'with a namespace that does not exist': {
    kubeconfig: () => rig.get().env.KUBECONFIG,
    flags: ['--namespace', 'nowhere'],
    cause: /namespace nowhere does not exist|namespaces "nowhere" not found/,
    status: 2,
  },
  'with an API server that does not answer': {
    kubeconfig: (t) => changed(t, (text) => text.replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1')),
    cause: /API server https:\/\/127\.0\.0\.1:1 gives no answer .*ECONNREFUSED/,
    status: 1,
  },
  'with a kubeconfig that is no YAML': {
    kubeconfig: (t) => changed(t, () => '{'),
    cause: /cannot read the kubeconfig/,
    status: 2,
  },
};

for (const [title, { kubeconfig, flags = [], cause, status }] of Object.entries(CASES)) {
  kubernetesTest(`a daemon ${title} ends with the cause`, async (t) => {
    const agent = await agentUnderTest(t, { KUBECONFIG: await kubeconfig(t) });
    const daemon = agent.daemon('--kubernetes', ...flags);
    const { code } = await daemon.exited;
    t.regex(daemon.output(), cause);
    t.is(code, status);
    t.notRegex(daemon.output(), /\n\s+at /);
  });
}

kubernetesTest('the role of the manifest is enough, and doctor says so', async (t) => {
  const kubeconfig = await rig.get().account('role', [PODS, EXEC, SECRETS]);
  const bench = kubernetesBench(t, rig.get(), { kubeconfig });
  const place = await bench.driver.open(bench.request);
  const workload = await bench.driver.launch(place, { argv: ['true'] });
  t.deepEqual(await workload.exited, { kind: 'exited', code: 0 });
  await bench.driver.dispose(place.ref);
  const agent = await agentUnderTest(t, {
    KUBECONFIG: kubeconfig,
    CLEARML_AGENT__AGENT__KUBERNETES__MAX_PODS: '3',
  });
  const doctor = agent.agent('doctor');
  await doctor.exited;
  t.regex(doctor.output(), /Kubernetes 1\.\d+ at https:.*context rig, namespace \S+/);
  t.regex(doctor.output(), /has the rights that it needs in namespace \S+/);
});
