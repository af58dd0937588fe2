import test from 'ava';
import type { ConfigValue } from '../../../src/config/config.js';
import { plan, type Wanted } from '../../support/container-plan.js';

test("the task's image comes with its own arguments, the default one with the default's", (t) => {
  const own = plan({ flag: ['img', '--ipc=host'], container: { image: 'mine:1', arguments: '-e A=B' } });
  t.is(own.request.Image, 'mine:1');
  t.is(own.request.HostConfig.IpcMode, undefined);
  t.true(own.request.Env?.includes('A=B'));
  t.is(own.writeBack, undefined);
  const fallback = plan({ flag: ['img', '--label', 'a=b c'], container: { arguments: '-e A=B' } });
  t.is(fallback.request.Image, 'img');
  t.false(fallback.request.Env?.includes('A=B'));
  t.deepEqual(fallback.writeBack, { image: 'img', arguments: "--label 'a=b c'", setup_shell_script: '' });
});

test('an option and its value may stand in one element of every list', (t) => {
  const config = { 'agent.extra_docker_arguments': ['-e EXTRA=1', '--shm-size 8g'] };
  const rule = { match: { container: 'mine:1' }, force_container_rules: true, image: 'ruled:1' };
  const rules = [{ ...rule, arguments: ['-v /a:/b', '-e OWN=b c'] }];
  const forced = { ...config, 'agent.default_docker.match_rules': rules };
  const own = plan({ config: forced, container: { image: 'mine:1' }, rulesAvailable: true });
  t.true(own.request.Env?.includes('EXTRA=1'));
  t.true(own.request.Env?.includes('OWN=b c'));
  t.is(own.request.HostConfig.ShmSize, 8 * 1024 ** 3);
  t.true(own.request.HostConfig.Binds?.includes('/a:/b'));
  const quoted = plan({ container: { image: 'mine:1', arguments: "'-e OWN=2' --env 'A= x'" } });
  t.true(quoted.request.Env?.includes('OWN=2'));
  t.true(quoted.request.Env?.includes('A= x'));
  const other = { 'agent.default_docker.image': 'img', 'agent.default_docker.arguments': ['--ipc host'] };
  t.is(plan({ config: other }).request.HostConfig.IpcMode, 'host');
  const line = plan({ flag: ['img', '-e FLAG=1'], env: { CLEARML_AGENT_EXTRA_DOCKER_ARGS: "'-e VAR=1'" } });
  for (const pair of ['FLAG=1', 'VAR=1']) t.true(line.request.Env?.includes(pair));
});

test('the error names the key of a wrong argument of the administrator', (t) => {
  for (const [extra, message] of [
    [['-e'], /"-e" needs a value \(agent.extra_docker_arguments\)/],
    [['e A=B'], /"e A=B" \(agent.extra_docker_arguments\)/],
    [['--evn A=B'], /"--evn" \(agent.extra_docker_arguments\)/],
  ] as const) {
    const config = { 'agent.extra_docker_arguments': [...extra] };
    t.throws(() => plan({ config, container: { image: 'i' } }), { code: 'DOCKER_ARGUMENT', message });
  }
  t.throws(() => plan({ container: { image: 'i', arguments: '-e " A=B"' } }), {
    message: /-e: expected NAME=value or NAME, found " A=B"/,
  });
});

test('a malformed name of an image fails before anything is asked', (t) => {
  for (const image of ['my image:1', 'i -e X=1', 'Upper/case', 'http://host/i'])
    t.throws(() => plan({ container: { image } }), {
      code: 'DOCKER_IMAGE',
      message: /^malformed image name "/,
    });
  t.throws(() => plan({ flag: ['UPPER'] }), {
    message: 'malformed image name "UPPER": the repository must be in lower case',
  });
});

test("the log says why the task's own arguments or image do not count", (t) => {
  const unused = (wanted: Wanted) => plan(wanted).notes.filter((note) => note.includes('not used'));
  const container = { arguments: '-e TOKEN=geheim' };
  t.deepEqual(unused({ container }), [
    "the task's container arguments are not used: they count with an image of the task's own, and it names none",
  ]);
  const config = { 'agent.disable_task_docker_override': true };
  const own = { image: 'mine:1', arguments: '-e A=B' };
  t.deepEqual(unused({ config, container: own }), [
    "the task's container image and arguments are not used: agent.disable_task_docker_override is set",
  ]);
  t.deepEqual(unused({ container: own }), []);
  t.deepEqual(unused({ container: { image: '', arguments: '' } }), []);
  const written = plan({ config, flag: ['img', '-e', 'A=b c'] }).writeBack;
  t.deepEqual(unused({ config, flag: ['img', '-e', 'A=b c'], container: written ?? {} }), []);
});

test('a task cannot read secrets of the agent', (t) => {
  const args =
    '-e X=${CLEARML_CONFIG.api.credentials.secret_key} -e CLEARML_API_SECRET_KEY -e Y=${CLEARML_CONFIG.agent.worker_name}';
  const config = { 'api.credentials.secret_key': 'geheim', 'agent.worker_name': 'box' };
  const planned = plan({
    config,
    env: { CLEARML_API_SECRET_KEY: 'geheim' },
    container: { image: 'i', arguments: args },
  });
  t.notRegex(JSON.stringify(planned), /geheim/);
  t.true(planned.request.Env?.includes('Y=box'));
});

test('the shown line hides secrets in every spelling', (t) => {
  const args =
    '--env=DB_PASS=leaks -eDB_PASS=leaks -e DB_PASS=leaks -e URL=https://bob:leaks@h/p --label=u=https://a:leaks@h';
  const config = { 'agent.hide_docker_command_env_vars.extra_keys': ['DB_*'] };
  const planned = plan({ config, container: { image: 'i', arguments: args } });
  t.notRegex(planned.runLine, /leaks/);
  t.true(planned.request.Env?.includes('DB_PASS=leaks'));
  t.true(planned.secrets.includes('leaks'));
});

test('published ports move to free ones and are stored in the task', (t) => {
  const planned = plan({ container: { image: 'i', arguments: '--publish=8080:80/tcp -p 53:53/udp' } });
  t.like(planned.request.HostConfig.PortBindings, { '80/tcp': [{ HostIp: '', HostPort: '10000' }] });
  t.deepEqual(planned.runtime, { _external_host_tcp_port_mapping: '10000:80,53:53' });
  t.true(planned.request.Env?.includes('CLEARML_AGENT_HOST_IP=10.1.2.3'));
});

test('caches, keys and the configuration are mounted where the engine sees them', (t) => {
  const planned = plan({
    container: { image: 'i' },
    facts: {
      sshFolder: '/home/u/.ssh',
      engineSees: (file) =>
        file.startsWith('/home/u/.clearml') ? file.replace('/home/u/.clearml', '/opt/a') : undefined,
    },
  });
  const { Binds: binds = [] } = planned.request.HostConfig;
  t.true(binds.includes('/opt/a/pip-cache:/root/.cache/pip'));
  t.false(binds.some((bind) => bind.includes('.ssh')));
  t.true(planned.notes.some((note) => note.startsWith('/home/u/.ssh is not mounted')));
});

const EMPTY_CACHES: [key: string, inside: string][] = [
  ['agent.docker_apt_cache', '/var/cache/apt/archives'],
  ['agent.docker_pip_cache', '/root/.cache/pip'],
  ['agent.pip_download_cache.path', '/root/.clearml/pip-download-cache'],
  ['sdk.storage.cache.default_base_dir', '/clearml_agent_cache'],
];

for (const [key, inside] of EMPTY_CACHES) {
  test(`${key} is mounted, and not when it is empty`, (t) => {
    const binds = (config: Record<string, ConfigValue>) =>
      plan({ config, container: { image: 'i' } }).request.HostConfig.Binds?.filter((bind) =>
        bind.includes(`:${inside}`),
      );
    t.is(binds({})?.length, 1);
    t.deepEqual(binds({ [key]: '' }), []);
  });
}

test('private certificates come with the variables that name them', (t) => {
  const { request } = plan({ container: { image: 'i' } });
  t.true(request.Env?.includes('SSL_CERT_FILE=/.clearml.trust/etc/own-ca.pem'));
  t.true(request.HostConfig.Binds?.includes('/etc/own-ca.pem:/.clearml.trust/etc/own-ca.pem:ro'));
});

test('arguments that bring certificates of their own are left alone', (t) => {
  const facts = { trust: ['SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE'].map((name) => ({ name, file: '/ca.pem' })) };
  const extra = (...words: string[]) => ({ 'agent.extra_docker_arguments': words });
  const own = plan({ config: extra('-v=/x.pem:/ca.pem', '--env=SSL_CERT_FILE=/y'), facts });
  const { Env: env = [], HostConfig: host } = own.request;
  t.deepEqual(
    env.filter((pair) => /CERT|BUNDLE/.test(pair)),
    ['SSL_CERT_FILE=/y', 'REQUESTS_CA_BUNDLE=/ca.pem'],
  );
  t.deepEqual(
    host.Binds?.filter((bind) => bind.includes('/ca.pem')),
    ['/x.pem:/ca.pem'],
  );
});

test('a variable does not name a file that the container cannot be given', (t) => {
  const { request } = plan({ facts: { engineSees: () => undefined } });
  t.false(request.Env?.some((pair) => pair.startsWith('SSL_CERT_FILE=')));
});

test('scripts run in the order of the original', (t) => {
  const config = {
    'agent.extra_docker_shell_script': ['echo 1', 'echo 2'],
    'agent.docker_preprocess_bash_script': ['echo pre'],
  };
  const planned = plan({
    config,
    container: { image: 'i', setup_shell_script: 'echo task' },
    facts: { sshFolder: '/home/u/.ssh' },
  });
  t.deepEqual(
    planned.scripts.map(({ text }) => text.split('\n')[0]?.slice(0, 16)),
    ['echo pre', 'mkdir -p ~/.ssh ', 'echo 1', 'echo task'],
  );
});

test('a container gets the CPUs next to its GPUs unless its arguments name others', (t) => {
  t.is(plan({ facts: { cpus: '0-3,8' } }).request.HostConfig.CpusetCpus, '0-3,8');
  t.is(plan({}).request.HostConfig.CpusetCpus, undefined);
  const container = { image: 'i', arguments: '--cpuset-cpus 5' };
  t.is(plan({ container, facts: { cpus: '0-3,8' } }).request.HostConfig.CpusetCpus, '5');
});

test('podman gets GPUs as devices', (t) => {
  const gpu = { visible: '0,1', skipFlag: false, podman: true, amdNodes: undefined };
  const { request } = plan({ container: { image: 'i' }, facts: { gpu } });
  t.deepEqual(request.HostConfig.DeviceRequests, [
    { Driver: 'cdi', DeviceIDs: ['nvidia.com/gpu=0', 'nvidia.com/gpu=1'] },
  ]);
});

test('the keys of ~/.ssh are used after the ssh agent has ended', (t) => {
  const env = { SSH_AUTH_SOCK: '/tmp/ssh-1/agent' };
  const there = plan({ env, facts: { sshFolder: '/home/u/.ssh' } });
  t.true(there.request.HostConfig.Binds?.includes('/tmp/ssh-1/agent:/tmp/ssh-1/agent'));
  const gone = plan({ env, facts: { sshFolder: '/home/u/.ssh', sshAgentGone: true } });
  t.true(gone.request.HostConfig.Binds?.includes('/home/u/.ssh:/.ssh:ro'));
  t.notRegex(gone.runLine, /agent:|SSH_AUTH_SOCK/);
  const why =
    'no ssh agent answers at SSH_AUTH_SOCK=/tmp/ssh-1/agent: the keys of ~/.ssh are mounted instead';
  t.true(gone.notes.includes(why));
});
