import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { run } from '../../../src/os/exec.js';
import { serverConfText } from '../../../src/server/server.js';
import { basic, bearer, configuredServer } from '../../support/configured-server.js';
import { pythonTool } from '../../support/python-tools.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const USERS = `auth.fixed_users { enabled: true, users: [
  { username: "jane", password: "12345678", name: "Jane" }
  { username: "john", password: "87654321", name: "John" }
] }`;

/** Makes a task, and finds those of its own user and of all. */
const SCRIPT = `
import json, sys
from clearml import Task
made = Task.create(project_name="shared", task_name="of " + sys.argv[1])
own = Task.get_tasks(project_name="shared", task_filter={"user": [made.data.user]})
everybody = Task.get_tasks(project_name="shared")
print("RESULT " + json.dumps({"own": [task.name for task in own], "all": sorted(task.name for task in everybody)}))
`;

test('the official SDK works as two users, each with keys of their own', async (t) => {
  t.timeout(170_000);
  const python = path.join(path.dirname(await pythonTool('clearml')), 'python');
  const { server, send, token } = await configuredServer(t, { 'apiserver.conf': USERS });
  const asUser = async (name: string, password: string) => {
    const authorization = bearer(await token(basic(name, password)));
    const { data } = await send('auth.create_credentials', { authorization });
    const { access_key = '', secret_key = '' } = data.credentials as Record<string, string>;
    const home = temporaryFolder(t);
    const file = path.join(home, 'clearml.conf');
    const credentials = { accessKey: access_key, secretKey: secret_key };
    await writeFile(file, serverConfText({ ...server, credentials }));
    await writeFile(path.join(home, 'script.py'), SCRIPT);
    const env = { PATH: process.env.PATH, HOME: home, CLEARML_CONFIG_FILE: file };
    const result = await run([python, 'script.py', name], { env, cwd: home, timeoutMs: 80_000 });
    const said = /^RESULT (.*)$/m.exec(result.stdout)?.[1];
    t.truthy(said, `${result.stdout}\n${result.stderr}`);
    return JSON.parse(said ?? '{}');
  };
  t.deepEqual(await asUser('jane', '12345678'), { own: ['of jane'], all: ['of jane'] });
  t.deepEqual(await asUser('john', '87654321'), {
    own: ['of john'],
    all: ['of jane', 'of john'],
  });
});
