import test from 'ava';
import type { ConfigValue } from '../../../src/config/config.js';
import { plan } from '../../support/container-plan.js';

test('no spelling of a forbidden or protected argument slips through', (t) => {
  const config = {
    'agent.extra_docker_arguments': ['--network=none', '-u', '1'],
    'agent.forbidden_docker_args': ['user', 'entrypoint'],
  };
  const planned = plan({
    config,
    container: { image: 'i', arguments: '--net host -itu0 --user 0 -u=0 --entrypoint=x' },
  });
  t.is(planned.request.User, undefined);
  t.is(planned.request.Entrypoint, undefined);
  t.is(planned.request.HostConfig.NetworkMode, 'none');
  t.true(planned.request.OpenStdin);
  t.true(planned.notes.some((note) => note.includes('forbidden here, left out: --entrypoint --user')));
});

const REFUSED: [rule: string, value: ConfigValue, args: string, image?: string][] = [
  ['images', ['python:3.*'], '', 'evil:1'],
  ['registries', ['registry.example.com'], '', 'python:3.11'],
  ['mounts', ['/data'], '-v /:/host'],
  ['mounts', ['/data'], '--mount type=bind,src=/data/../etc,dst=/x'],
  ['mounts', ['/data'], '--mount type=volume,src=v,dst=/x,volume-opt=device=/etc,volume-opt=o=bind'],
  ['mounts', ['/data'], '--volumes-from other'],
  ['capabilities', ['SYS_PTRACE'], '--cap-add=ALL'],
  ['privileged', ['SYS_PTRACE'], '--privileged'],
  ['networks', ['none'], '--net=host'],
  ['devices', ['/dev/infiniband/*'], '--device /dev/sda'],
];

for (const [rule, value, args, image = 'mine:1'] of REFUSED) {
  const key = rule === 'privileged' ? 'capabilities' : rule;
  test(`policy ${rule} refuses ${args || image}`, (t) => {
    const wanted = {
      config: { [`agent.container_policy.${key}`]: value },
      container: { image, arguments: args },
    };
    t.throws(() => plan(wanted), { message: new RegExp(`agent.container_policy.${rule}$`) });
    t.notThrows(() => plan({ container: { image, arguments: args } }));
  });
}

test('a policy allows what it lists and sets its limits', (t) => {
  const planned = plan({
    config: {
      'agent.container_policy.images': ['mine:*'],
      'agent.container_policy.mounts': ['/data'],
      'agent.container_policy.capabilities': ['sys_ptrace'],
      'agent.container_policy.no_new_privileges': true,
      'agent.container_policy.user': '1000:1000',
      'agent.container_policy.memory': '2g',
      'agent.container_policy.pids_limit': 100,
    },
    container: { image: 'mine:1', arguments: '-v /data/set:/set --cap-add SYS_PTRACE --pids-limit 5' },
  });
  t.is(planned.request.User, '1000:1000');
  t.like(planned.request.HostConfig, {
    SecurityOpt: ['no-new-privileges'],
    Memory: 2 * 1024 ** 3,
    PidsLimit: 5,
  });
});

test('a restart policy keeps the container, a name is chosen from its format', (t) => {
  const planned = plan({
    config: { 'agent.docker_container_name_format': 'app-{task_id}-{rand_string:.4}' },
    env: { CLEARML_AGENT_SERVICES_DOCKER_RESTART: 'on-failure:3;script.binary' },
    container: { image: 'i' },
  });
  t.deepEqual(planned.request.HostConfig.RestartPolicy, { Name: 'on-failure', MaximumRetryCount: 3 });
  t.is(planned.request.name, 'app-T-rrrr');
  t.notRegex(planned.runLine, /--rm/);
});

for (const [resumable, name] of [
  [true, 'on-failure'],
  [false, 'no'],
] as const) {
  test(`an instance of an application, resumable ${resumable}, has the restart policy ${name} on any server`, (t) => {
    const planned = plan({
      env: { CLEARML_AGENT_SERVICES_DOCKER_RESTART: 'on-failure;application.resumable=True' },
      container: { image: 'i' },
      facts: { advanced: false, document: { id: 'T', application: { id: 'a', name: 'A', resumable } } },
    });
    t.is(planned.request.HostConfig.RestartPolicy?.Name, name);
  });
}

for (const [text, left] of [
  ['--restart always', '--restart always'],
  ['--restart=unless-stopped', '--restart=unless-stopped'],
  ["--restart 'always' -e A=B", '--restart always'],
] as const) {
  test(`a finished task is not started again: ${text}`, (t) => {
    const planned = plan({ container: { image: 'i', arguments: text } });
    t.is(planned.request.HostConfig.RestartPolicy?.Name, 'no');
    t.notRegex(planned.runLine, /--restart/);
    t.true(
      planned.notes.includes(
        `docker arguments that would run a finished task again and again, left out: ${left}`,
      ),
      planned.notes.join(),
    );
  });
}

test('an endless restart policy of the administrator is left out, one for failures applies', (t) => {
  const config = { 'agent.extra_docker_arguments': ['--restart', 'always'] };
  const admin = plan({ config, container: { image: 'i' } });
  t.is(admin.request.HostConfig.RestartPolicy?.Name, 'no');
  const task = plan({ container: { image: 'i', arguments: '--restart on-failure:2' } });
  t.deepEqual(task.request.HostConfig.RestartPolicy, { Name: 'on-failure', MaximumRetryCount: 2 });
});
