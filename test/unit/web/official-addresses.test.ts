import test from 'ava';
import { pageForOfficial } from '../../../web/src/official-addresses.js';

const TABLE: Record<string, string | undefined> = {
  '/projects/p1/tasks/t1/output/log': '/tasks/t1?tab=console',
  '/projects/p1/experiments/t1/output/log': '/tasks/t1?tab=console',
  '/projects/*/experiments/t1/info-output/metrics/scalar': '/tasks/t1?tab=scalars',
  '/projects/p1/tasks/t1/output/metrics/plots': '/tasks/t1?tab=plots',
  '/projects/p1/tasks/t1/output/debugImages': '/tasks/t1?tab=images',
  '/projects/p1/tasks/t1/hyper-params/hyper-param/Args': '/tasks/t1?tab=parameters',
  '/projects/p1/tasks/t1/hyper-params/configuration/net': '/tasks/t1?tab=configuration',
  '/projects/p1/tasks/t1/artifacts/output-model/m1': '/tasks/t1?tab=artifacts',
  '/projects/p1/tasks/t1/execution': '/tasks/t1',
  '/projects/p1/tasks/t1': '/tasks/t1',
  '/pipelines/p1/experiments/t1': '/tasks/t1',
  '/datasets/simple/p1/experiments/t1': '/tasks/t1',
  '/projects/p1': '/tasks?project=p1',
  '/projects/p1/tasks': '/tasks?project=p1',
  '/projects/*/tasks': '/tasks',
  '/projects': '/tasks',
  '/dashboard': '/',
  '/workers-and-queues/queues': '/queues',
  '/workers-and-queues/workers': '/workers',
  '/settings/workspace-configuration': '/settings',
  '/profile': '/settings',
  '/nowhere': undefined,
  '/tasks/t1/output/log': undefined,
  '/projectsx': undefined,
};

for (const [path, page] of Object.entries(TABLE))
  test(`the official address ${path} leads to ${page ?? 'no page'}`, (t) => {
    t.is(pageForOfficial(path), page);
  });
