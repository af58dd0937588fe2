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
    /^agent\.kubernetes\.overrides_file: cannot read \/nowhere\.yaml: /,
  ],
};

for (const [title, [values, message]] of Object.entries(REFUSED)) {
  test(`a template is refused: ${title}`, (t) => {
    t.throws(() => settings(values), { code: 'CONFIG_VALUE', message });
  });
}
