import test from 'ava';
import { type Service, serviceManager } from '../../../src/cli/service/service-plan.js';

const service: Service = {
  kind: 'daemon' as const,
  name: 'gpu0',
  scope: 'user',
  user: 'me',
  argv: ['/usr/bin/node', '/opt/agent.js', 'daemon', '--queue', 'my "q"', '100%', '$HOME', 'a<b&c'],
  path: '/usr/bin:/bin',
  home: '/home/me',
  stopSeconds: 660,
};
const system: Service = { ...service, scope: 'system' };

test('systemd: what a user’s service is made of', (t) => {
  const systemd = serviceManager('linux');
  const file = '/home/me/.config/systemd/user/clearml-agent-gpu0.service';
  const text = systemd.text(service);
  t.deepEqual(systemd.install(service, { start: true }), [
    { kind: 'write', file, text },
    { kind: 'run', argv: ['systemctl', '--user', 'daemon-reload'] },
    { kind: 'run', argv: ['systemctl', '--user', 'enable', 'clearml-agent-gpu0.service'] },
    { kind: 'run', argv: ['systemctl', '--user', 'restart', '--no-block', 'clearml-agent-gpu0.service'] },
  ]);
  t.true(
    text.includes(`ExecStart=/usr/bin/node /opt/agent.js daemon --queue "my \\"q\\"" 100%% $$HOME "a<b&c"\n`),
    text,
  );
  for (const line of [
    'Type=notify',
    'KillMode=process',
    'KillSignal=SIGTERM',
    'RestartKillSignal=SIGUSR2',
    'TimeoutStopSec=660',
    'Delegate=yes',
    'WatchdogSec=120',
    'WantedBy=default.target',
    'UMask=0077',
  ]) {
    t.true(text.includes(`${line}\n`), line);
  }
  t.false(text.includes('User='));
  t.false(text.includes('ExecStop='), 'the signals are enough');
});

test('systemd: a service of the machine names its user', (t) => {
  const systemd = serviceManager('linux');
  t.is(systemd.file(system), '/etc/systemd/system/clearml-agent-gpu0.service');
  t.true(systemd.text(system).includes('User=me\n'));
  t.true(systemd.text(system).includes('WantedBy=multi-user.target\n'));
  t.deepEqual(systemd.uninstall(system), [
    { kind: 'run', argv: ['systemctl', 'disable', '--now', 'clearml-agent-gpu0.service'], mayFail: true },
    { kind: 'remove', file: systemd.file(system) },
    { kind: 'run', argv: ['systemctl', 'daemon-reload'] },
  ]);
  t.deepEqual(systemd.logs(system, { follow: true }).slice(-1), ['--follow']);
});

test('launchd: a property list that leaves tasks alone', async (t) => {
  const launchd = serviceManager('darwin');
  t.is(launchd.file(service), '/home/me/Library/LaunchAgents/ml.clear.agent.gpu0.plist');
  const { XMLParser } = await import('fast-xml-parser');
  const { plist } = new XMLParser().parse(launchd.text(system));
  t.deepEqual(plist.dict.array.string, service.argv);
  t.deepEqual(plist.dict.key.slice(0, 4), ['Label', 'ProgramArguments', 'EnvironmentVariables', 'UserName']);
  t.true(plist.dict.key.includes('AbandonProcessGroup'));
  t.is(launchd.install(system, { start: false }).length, 2);
  t.deepEqual(launchd.status(system), ['launchctl', 'print', 'system/ml.clear.agent.gpu0']);
});

test('another system has no service manager', (t) => {
  t.like(
    t.throws(() => serviceManager('win32')),
    { code: 'USAGE' },
  );
});
