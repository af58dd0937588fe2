import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { INSPECTED_ARGUMENTS } from '../support/docker-argument-cases.js';

const FIXTURES = path.resolve(import.meta.dirname, '../fixtures');

/** Well-formed texts of each format, which the fuzzer takes apart and puts together. */
export const SEEDS: Readonly<Record<string, () => string[]>> = {
  hocon: () => [
    readFileSync('clearml.conf.example', 'utf8').slice(0, 6000),
    'a { b: 1, c = [1, 2, "x"], d += 3 }\na.e: ${a.b} ${?HOME}\n"q.r": """x\ny"""\n# c\n// d\n',
    'include "other.conf"\ninclude required(file("x"))\na: \\\n  b\nx = 1.5e3, y: null\n',
  ],
  requirements: () => [
    'numpy>=1.2,<2 ; python_version < "3.10" and (sys_platform == "linux" or os_name != \'nt\')\n-r more.txt\n',
    '-e git+https://user:pw@host/a.git@main#egg=a&subdirectory=b\nname[x,y] @ https://h/a.whl#sha256=00\n',
    '--extra-index-url https://u:p@h/simple --pre\n-c constraints.txt\n./lib\n-e ./lib[extra]\nfile:///x/task_repository/a/b\n',
    'a==1 --hash=sha256:00 \\\n  --hash=sha256:11\ntorch==2.0+cu118\nclearml\npytorch::pytorch=2\ncudatoolkit==11.8\n',
  ],
  'docker-arguments': () => INSPECTED_ARGUMENTS.map((words) => words.join(' ')),
  'container-input': () => [
    'registry.example:5000/a/b_c:1.2@sha256:00\n-e A=B\n"-v /a:/b"\n--shm-size 8g\n-it\n',
    ...INSPECTED_ARGUMENTS.map((words) => `ubuntu:22.04\n${words.join('\n')}`),
  ],
  diff: () => [
    'diff --git a/a.py b/a.py\nindex 1..2 100644\n--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@ def f():\n one\n-two\n+TWO\n',
    'diff --git a/n b/n\nnew file mode 100644\n--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+x\n\\ No newline at end of file\n',
    'diff --git "a/\\303\\234 x" "b/\\303\\234 x"\nsimilarity index 90%\nrename from o\nrename to n n\nGIT binary patch\nliteral 1\nIcmZPo000310RR91\n\n',
    'Submodule lib 1..2:\n--- a.py\t2020-01-01 10:00:00\n+++ b.py (revision 3)\n@@ -1 +0,0 @@\n-x\n',
    '# git diff too large to store\nimport os\nprint("x")\n',
    '\u001b[1mdiff --git a/x b/x\u001b[m\n\u001b[31m-x\u001b[m\n> quoted\n',
  ],
  'task-record': () => [
    JSON.stringify({
      id: 'a'.repeat(32),
      name: 't',
      status: 'queued',
      tags: ['gpu'],
      runtime: { a: 1 },
      execution: { artifacts: [{ key: 'k', uri: 'https://h/a' }] },
      container: { image: 'ubuntu:22.04', arguments: '-e A=1 --ipc=host', setup_shell_script: 'ls' },
      script: {
        binary: 'python3.10',
        repository: 'https://h/a.git',
        branch: 'main',
        tag: '',
        version_num: 'abcdef1',
        entry_point: 'src/train.py --lr 1 "$A"',
        working_dir: 'src',
        diff: 'diff --git a/x b/x\n',
        requirements: { pip: ['a==1'], conda: 'b', org_pip: '-r x' },
      },
    }),
    '{"id":"a","script":{"entry_point":"-m torch.distributed.run a.py","binary":"bash"},"container":{"arguments":["-e","A"]}}',
    '{"id":"a","script":{"entry_point":"note book.ipynb:src","requirements":{"pip":"git+https://u:p@h/a"}}}',
    '{"id":"a","script":{"__proto__":{"x":1},"constructor":{"prototype":1},"entry_point":"a"},"runtime":{"__proto__":1}}',
  ],
  'server-answer': () => [
    '200\n{"meta":{"result_code":200},"data":{"queues":[{"id":"q","tags":["a"],"entries":[{"task":"t"}]}],"tasks":[{"id":"t"}]}}',
    '400 10\n{"meta":{"result_code":400,"result_subcode":101,"result_msg":"no"},"data":{}}',
    '301http://other/\n<html>moved</html>',
    '503 Wed, 21 Oct 2026 07:28:00 GMT\n',
    '200\neyJhIjoxfQ.eyJhcGlfdmVyc2lvbiI6IjIuMzAiLCJleHAiOjEsImlkZW50aXR5Ijp7InVzZXIiOiJ1In19.x',
  ],
  'git-url': () => [
    'https://user:p%40ss@host.example:8443/group/repo.git?x=1#y\nmain\nv1.0\nabcdef1',
    'git@host:group/repo.git\norigin/main',
    'ssh://git@[::1]:22/~/repo\nrefs/pull/1/head\n\nv1-3-gabcdef1-dirty',
    'file:///srv/a%20b.git\nHEAD',
    'C:\\repos\\a\next::sh -c x',
  ],
  'nvidia-smi': () => filesIn('nvidia-smi'),
  'rocm-smi': () => filesIn('rocm-smi'),
  'compose-environment': () => [
    'CLEARML_AGENT_DAEMON_OPTIONS=--foreground --services-mode=10\nCLEARML_AGENT_QUEUES=a,b c\nCLEARML_WORKER_ID=w\nCLEARML_AGENT_EXTRA_ARGS=--gpus "0 1"',
    'CLEARML_API_HOST=http://host:8008\nCLEARML_HOST_IP=10.0.0.1\nCLEARML_AGENT_K8S_HOST_MOUNT=/a:/b\nCLEARML_AGENT_UPDATE_VERSION===1.0',
    'SHUTDOWN_IF_NO_ACCESS_KEY=1\nCLEARML_AGENT_DEFAULT_BASE_DOCKER=a:1 -e B="c d"\nCLEARML_AGENT_NO_DOCKER=1',
  ],
};

function filesIn(name: string): string[] {
  const folder = path.join(FIXTURES, name);
  return readdirSync(folder)
    .filter((file) => !file.endsWith('.md'))
    .map((file) => readFileSync(path.join(folder, file), 'utf8'));
}
