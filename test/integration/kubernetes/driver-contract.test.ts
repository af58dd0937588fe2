import { driverContract } from '../../support/driver-contract.js';
import { kubernetesBench, kubernetesRun, leftOf, RIG_TEMPLATE } from '../../support/kubernetes-run.js';
import { besideTest, sharedRig } from '../../support/kubernetes-test.js';

const rig = sharedRig();

driverContract(besideTest, {
  exitMs: 1000,
  open: (t) => kubernetesRun(t, rig.get()),
  small: (t) => kubernetesRun(t, rig.get(), { arguments: ['--memory', '64m'] }),
  lose: (_, { ref }) => {
    const { api, namespace } = rig.get();
    return api.deleteNamespacedPod({ name: String(ref.pod), namespace, gracePeriodSeconds: 1 });
  },
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
  left: ({ runFolder }) => leftOf(rig.get(), runFolder),
});
