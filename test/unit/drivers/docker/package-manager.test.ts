import test from 'ava';
import { installSteps, PACKAGE_MANAGERS } from '../../../../src/drivers/container/package-manager.js';

function steps(name: string, needs: Parameters<typeof installSteps>[1]) {
  const manager = PACKAGE_MANAGERS.find((one) => one.name === name);
  return manager === undefined
    ? []
    : installSteps(manager, needs).map(({ argv }) =>
        argv.join(' ').replace(' -o Dpkg::Options::=--force-unsafe-io', ''),
      );
}

test('each family has its own names', (t) => {
  const needs = { tools: ['pip', 'git'] } as const;
  t.deepEqual(steps('apt-get', needs), [
    'apt-get install -q -y --no-install-recommends python3 python3-pip python3-venv git ca-certificates',
  ]);
  t.deepEqual(steps('dnf', needs), ['dnf install -y python3 python3-pip git']);
  t.deepEqual(steps('apk', needs), ['apk add --no-cache python3 py3-pip git']);
  t.deepEqual(steps('zypper', needs), [
    'zypper --non-interactive install --no-recommends python3 python3-pip git',
  ]);
});

test('packages by name come with what goes with them, and no package twice', (t) => {
  t.deepEqual(steps('apt-get', { tools: ['python', 'pip'], packages: ['git', 'python3'] }), [
    'apt-get install -q -y --no-install-recommends python3 python3-pip python3-venv',
    'apt-get install -q -y git',
  ]);
  t.deepEqual(steps('microdnf', { tools: [] }), []);
});
