import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import type { ConfigValue } from '../../../../src/config/config.js';
import {
  kubernetesSettings,
  namespacesOf,
  templateOf,
} from '../../../../src/drivers/kubernetes/kubernetes-settings.js';
import { caseConfig } from '../../../support/case-config.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

const settings = (values: Record<string, ConfigValue>) => kubernetesSettings(caseConfig(values), '/');

test('templates lie over each other: file, configuration, queue, overrides', (t) => {
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'pod.yaml');
  const overrides = path.join(folder, 'overrides.yaml');
  writeFileSync(file, 'kind: Pod\nmetadata: {labels: {a: file, b: file, c: file, d: file}}\n');
  writeFileSync(overrides, 'metadata:\n  labels: {d: overrides}\n');
  const all = settings({
    'agent.kubernetes.template_file': file,
    'agent.kubernetes.overrides_file': overrides,
    'agent.kubernetes.pod_template': { metadata: { labels: { b: 'all', c: 'all', d: 'all' } } },
    'agent.kubernetes.queues': { gpu: { metadata: { labels: { c: 'gpu', d: 'gpu' } } } },
  });
  t.like(templateOf(all, ['gpu']), {
    metadata: { labels: { a: 'file', b: 'all', c: 'gpu', d: 'overrides' } },
  });
  t.like(templateOf(all, ['id', 'other']), {
    metadata: { labels: { a: 'file', b: 'all', c: 'all', d: 'overrides' } },
  });
});

test('the namespaces of templates are those that the agent watches', (t) => {
  const queues = { a: { metadata: { namespace: 'one' } }, b: { metadata: { namespace: 'own' } }, c: {} };
  t.deepEqual(namespacesOf(settings({ 'agent.kubernetes.queues': queues }), 'own'), ['own', 'one']);
  const everywhere = { metadata: { namespace: 'all' } };
  const all = settings({ 'agent.kubernetes.queues': queues, 'agent.kubernetes.pod_template': everywhere });
  t.deepEqual(namespacesOf(all, 'own'), ['own', 'all', 'one']);
});

const REFUSED: Record<string, [Record<string, ConfigValue>, RegExp]> = {
  'a namespace that cannot be': [
    { 'agent.kubernetes.queues': { gpu: { metadata: { namespace: 'A B' } } } },
    /^agent\.kubernetes\.queues\.gpu names the namespace "A B"/,
  ],
  'another kind': [
    { 'agent.kubernetes.pod_template': { kind: 'Deployment' } },
    /^agent\.kubernetes\.pod_template takes a Pod .*found the kind Deployment/,
  ],
  'a file that is not there': [
    { 'agent.kubernetes.overrides_file': '/nowhere.yaml' },
    /^agent\.kubernetes\.overrides_file: cannot read \/nowhere\.yaml: there is no such file$/,
  ],
};

const WRONG_LISTS: Record<string, [ConfigValue, string]> = {
  'containers in a number': [{ containers: 5 }, 'spec.containers'],
  'a container that is no object': [{ containers: ['task'] }, 'spec.containers'],
  'volumes in an object': [{ volumes: { name: 'v' } }, 'spec.volumes'],
  'variables in a text': [{ containers: [{ env: 'A=1' }] }, 'spec.containers[0].env'],
  'variables from one source': [
    { initContainers: [{}, { envFrom: { secretRef: { name: 's' } } }] },
    'spec.initContainers[1].envFrom',
  ],
};

for (const [title, [spec, where]] of Object.entries(WRONG_LISTS)) {
  test(`a template with ${title} is refused with the field`, (t) => {
    t.throws(() => settings({ 'agent.kubernetes.pod_template': { spec } }), {
      message: `agent.kubernetes.pod_template takes a Pod with metadata and spec, found ${where} that is no list of objects`,
    });
  });
}

test('a template may take a list away', (t) => {
  t.notThrows(() => settings({ 'agent.kubernetes.pod_template': { spec: { tolerations: null } } }));
});

for (const [title, [values, message]] of Object.entries(REFUSED)) {
  test(`a template is refused: ${title}`, (t) => {
    t.throws(() => settings(values), { code: 'CONFIG_VALUE', message });
  });
}
