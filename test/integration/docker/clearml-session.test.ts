import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import test from 'ava';
import { agentUnderTest } from '../../support/agent-under-test.js';
import { type DockerEngine, sharedEngine } from '../../support/docker-engine.js';
import { freePorts } from '../../support/free-ports.js';
import { makeMachineImage } from '../../support/machine-image.js';
import { pythonTool } from '../../support/python-tools.js';
import { sdkHome } from '../../support/sdk-script.js';
import { until } from '../../support/until.js';

const PACKAGES = [
  ...['bash', 'dash', 'coreutils', 'grep', 'sed', 'findutils', 'debianutils', 'procps', 'libc-bin'],
  ...['passwd', 'login', 'libpam-modules', 'libpam-modules-bin', 'libpam-runtime'],
  ...['python3', 'ca-certificates', 'openssh-server'],
];

/** A Debian with sshd, whose packages make the user of its own when they are installed. */
async function makeImage(engine: DockerEngine): Promise<void> {
  const files = ['/etc/ssh/sshd_config', '/etc/pam.d', '/etc/login.defs', '/etc/profile'];
  await makeMachineImage(engine, 'bare:1', { packages: PACKAGES, files });
  const dockerfile = `FROM bare:1
RUN echo 'sshd:x:101:65534::/run/sshd:/usr/sbin/nologin' >> /etc/passwd && \\
    echo 'root:*:19000:0:99999:7:::' > /etc/shadow && chmod 600 /etc/shadow && \\
    mkdir -p /run/sshd && ln -s /run /var/run && ln -sf which.debianutils /usr/bin/which
`;
  await engine.docker(['build', '--network', 'none', '--tag', 'session:1', '-'], {
    input: Buffer.from(dockerfile),
  });
}

/** What a server says first. */
async function greetingAt(port: number): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const [greeting] = await once(socket, 'data');
  socket.destroy();
  return String(greeting);
}

const engineFor = sharedEngine(test, makeImage, 170_000);

test('clearml-session connects to a container that the agent started, and ends it', async (t) => {
  const engine = await engineFor(t);
  const library = path.join(path.dirname(await pythonTool('clearml-session')), '../lib');
  const [version = ''] = readdirSync(library);
  const mount = `${path.join(library, version, 'site-packages')}:/usr/local/lib/${version}/dist-packages:ro`;
  const one = await agentUnderTest(t, {
    DOCKER_HOST: `unix://${engine.socket}`,
    CLEARML_AGENT_EXTRA_DOCKER_ARGS: `--network host -v ${mount}`,
    CLEARML_AGENT_SKIP_PYTHON_ENV_INSTALL: '1',
  });
  one.daemon('--docker', 'session:1');
  const home = await sdkHome(t, one.server, 'clearml-session');
  const session = home.start(
    'clearml-session',
    ...['--queue', 'default', '--docker', 'session:1', '--jupyter-lab', 'false', '--vscode-server', 'false'],
    ...['--skip-docker-network', 'true', '--remote-ssh-port', String((await freePorts(1))[0]), '--yes'],
  );
  let printed = '';
  for (const stream of [session.stdout, session.stderr]) stream.on('data', (data) => (printed += data));
  const says = (text: RegExp) =>
    until(() => text.test(printed), { what: String(text), timeoutMs: 150_000, context: () => printed });
  await says(/Connection is up and running/);
  const port = Number(/ssh root@localhost -p (\d+)/.exec(printed)?.[1]);
  t.regex(await greetingAt(port), /^SSH-2\.0-OpenSSH/, 'the tunnel to the container');
  const { tasks } = await one.call<{ tasks: { id: string }[] }>('tasks.get_all', { status: ['in_progress'] });
  t.is(tasks.length, 1);
  session.stdin.write('shutdown\n');
  await says(/Remote session shutdown/);
  t.is((await one.ended(tasks[0]?.id ?? '')).status, 'stopped');
});
