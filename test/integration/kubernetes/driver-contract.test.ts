import { driverContract } from '../../support/driver-contract.js';
import { kubernetesBench, kubernetesRun, RIG_TEMPLATE } from '../../support/kubernetes-run.js';
import { kubernetesTest, sharedRig } from '../../support/kubernetes-test.js';

const rig = sharedRig();

driverContract(kubernetesTest, {
  exitMs: 1000,
  open: (t) => kubernetesRun(t, rig.get()),
  small: (t) => kubernetesRun(t, rig.get(), { arguments: ['--memory', '64m'] }),
  lose: (_, { ref }) =>
    rig.get().api.deleteNamespacedPod({ name: String(ref.pod), namespace: 'default', gracePeriodSeconds: 1 }),
  onlyCodes: true,
  // The finalizer keeps the pod until its end was read.
  lost: ['ended'],
  slow: async (t) => {
    const template = { spec: { ...RIG_TEMPLATE.spec, nodeSelector: { of: 'no-node' } } };
    return kubernetesBench(t, rig.get(), { settings: { template } });
  },
  refused: async (t) => ({
    ...kubernetesBench(t, rig.get(), { namespace: 'nowhere' }),
    cause: /nowhere/,
  }),
  left: async () => rig.get().pods(),
});
