import path from 'node:path';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { frozenDisk } from '../../support/frozen-disk.js';
import { onSmallDisk } from '../../support/small-disk.js';
import { until } from '../../support/until.js';

onSmallDisk(
  'an aborted task that hangs in the kernel is reported, and the daemon takes the next',
  async (t) => {
    const { home, daemon, enqueue, repository, call, log, ended } = await agentUnderTest(t, {
      CLEARML_AGENT_KILL_GRACE_SEC: '1',
    });
    const file = path.join(frozenDisk(t), 'file');
    const url = repository({
      'stuck.py': `import os\nprint("pid", os.getpid(), flush=True)\nopen(${JSON.stringify(file)}, "w")\n`,
      'next.py': 'print("next ran")\n',
    });
    const script = { repository: url, branch: 'main' };
    const stuck = await enqueue({ ...script, entry_point: 'stuck.py' });
    const { output } = daemon();
    const pid = await until(async () => /^pid (\d+)$/m.exec(await log(stuck))?.[1], {
      what: 'the process',
      context: output,
    });
    await call('tasks.stop', { task: stuck });
    t.is((await ended(stuck, 120_000)).status, 'stopped', output());
    t.regex(await log(stuck), new RegExp(`processes of the task survive SIGKILL: .*\\b${pid}\\b`));
    const next = await enqueue({ ...script, entry_point: 'next.py' });
    t.is((await ended(next, 120_000)).status, 'completed', output());
    t.true(output().includes(path.join(home.folder, '.clearml')), 'the files that stay are named');
  },
);
