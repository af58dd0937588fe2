import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { serverConfText } from '../../../src/server/server.js';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { enterpriseFront } from '../../support/enterprise-front.js';

const SHOW_ARGUMENTS = 'import sys\nprint("got", sys.argv[1:], flush=True)\n';
const SHOW_PLACE = 'import os\nfrom near import WHERE\nprint("in", os.path.basename(os.getcwd()), WHERE)\n';
const SHOW_ENVIRONMENT = `
import os, sys
names = ["FROM_FILE", "FROM_VAULT", "FROM_TASK", "CLEARML_WORKER_ID"]
print("has", [os.environ.get(name) for name in names])
print("is", os.environ["CLEARML_TASK_ID"] == os.environ["TRAINS_TASK_ID"], sys.flags.optimize)
print("late", end="")
os._exit(0)  # what is buffered is lost
`;
const NOTEBOOK = JSON.stringify({
  nbformat: 4,
  nbformat_minor: 5,
  metadata: {},
  cells: [
    {
      id: 'a',
      cell_type: 'code',
      execution_count: null,
      metadata: {},
      outputs: [],
      source: ['import sys\n', 'print("noted", sys.argv[1:])'],
    },
    ...[
      ['%load_ext autoreload\n', '!echo by the shell {len(sys.argv)}\n', 'sys?\n', 'display("shown")'],
      ['%%time\n', 'timed = 3'],
      ['%%bash\n', 'echo by bash'],
      ['print("timed", timed)'],
    ].map((source, at) => ({
      id: `b${at}`,
      cell_type: 'code',
      execution_count: null,
      metadata: {},
      outputs: [],
      source,
    })),
  ],
});
const FILES = {
  'my notes.ipynb': NOTEBOOK,
  'main.py': SHOW_ARGUMENTS,
  'tools/__init__.py': '',
  'tools/size.py': SHOW_ARGUMENTS,
  'run.sh': 'printf "<%s>" "$@"; echo\n',
  'mein Ordner/Übung/läuft.py': SHOW_PLACE,
  'mein Ordner/Übung/near.py': 'WHERE = "beside"\n',
  'environment.py': SHOW_ENVIRONMENT,
};
const NEW_FILE =
  'diff --git a/new.py b/new.py\nnew file mode 100644\n--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+print("brought along")\n';

interface Kind {
  title: string;
  script: Record<string, unknown>;
  shows: RegExp;
}

const KINDS: Kind[] = [
  {
    title: 'arguments in the entry point',
    script: { entry_point: 'main.py --name "a b" http://x/../y' },
    shows: /^got \['--name', 'a b', 'http:\/\/x\/\.\.\/y'\]$/m,
  },
  { title: 'a module', script: { entry_point: '-m tools.size --of 3' }, shows: /^got \['--of', '3'\]$/m },
  {
    title: 'a folder with blanks and other letters',
    script: { working_dir: 'mein Ordner/Übung', entry_point: 'läuft.py' },
    shows: /^in Übung beside$/m,
  },
  {
    title: 'a shell script with arguments',
    script: { binary: '/bin/bash', entry_point: 'run.sh one "two three"' },
    shows: /^<one><two three>$/m,
  },
  {
    title: 'a script of its own',
    script: { repository: '', entry_point: 'own.py', diff: 'print("all in", __file__.split("/")[-1])\n' },
    shows: /^all in own\.py$/m,
  },
  {
    title: 'a file that is not committed',
    script: { entry_point: 'new.py', diff: NEW_FILE },
    shows: /^brought along$/m,
  },
  {
    title: 'a notebook',
    script: { entry_point: '"my notes.ipynb" --x 1' },
    shows: /^noted \['--x', '1'\]$.*^by the shell 3$.*shown.*^by bash$.*^timed 3$/ms,
  },
  {
    title: 'an environment from configuration, vault and task',
    script: { entry_point: 'environment.py' },
    shows: /^has \['file', 'vault', 'task', 'test:\d'\]\nis True 1\nlate$/m,
  },
];

test('every kind of task runs as it was made', async (t) => {
  t.timeout(170_000);
  const agent = await agentUnderTest(t);
  const front = await enterpriseFront(t, agent.server.url);
  front.vaults.set(
    'agent',
    'environment { FROM_VAULT: vault }\nfiles { note { path: "~/note.txt", contents: "x" } }\n',
  );
  writeFileSync(
    path.join(agent.home.folder, 'clearml.conf'),
    `${serverConfText({ ...agent.server, url: front.url })}\nenvironment { FROM_FILE: file }\nagent.enable_task_env: true\n`,
  );
  const repository = agent.repository(FILES);
  const ids: string[] = [];
  for (const { title, script } of KINDS) {
    const { id } = await agent.call<{ id: string }>('tasks.create', {
      name: title,
      type: 'training',
      script: { binary: 'python3', working_dir: '.', repository, branch: 'main', ...script },
      hyperparams: {
        Environment: { FROM_TASK: { section: 'Environment', name: 'FROM_TASK', value: 'task' } },
      },
    });
    await agent.call('tasks.enqueue', { task: id, queue: agent.queue });
    ids.push(id);
  }
  const daemon = agent.daemon('-O');
  for (const [at, { title, shows }] of KINDS.entries()) {
    const id = ids[at] ?? '';
    const { status } = await agent.ended(id, 120_000);
    const log = await agent.log(id);
    t.is(status, 'completed', `${title}\n${log}\n${daemon.output()}`);
    t.regex(log, shows, title);
  }
  t.is(readFileSync(path.join(agent.home.folder, 'note.txt'), 'utf8'), 'x');
});
