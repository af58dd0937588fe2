import { CLUSTER_PROGRAM } from '../support/kubernetes-tools.js';

/** What the tests use beyond Node, git and Python 3: how its presence shows, and what brings it on Debian and Ubuntu. */
export interface Need {
  name: string;
  /** Any of these commands ending with status 0 shows that it is there. */
  checks: readonly (readonly [string, ...string[]])[];
  /** Packages that bring it; the first that the system's package lists know is installed. */
  packages: readonly string[];
  /** What is left out where it is missing; without this, nothing is tested then. */
  leftOut?: string;
}

const CAN_MAKE_ENVIRONMENTS = ['-c', 'import ensurepip, venv'] as const;

/** Images are put together from these packages of the machine; a program from elsewhere does not do. */
const IN_IMAGES = ['ca-certificates', 'git', 'openssh-client', 'python3-pip', 'python3-venv', 'tini'];

const LEFT_OUT = 'the tests on Slurm';
/** A cluster on this machine, and its accounting. */
const ON_SLURM: readonly Need[] = [
  {
    name: 'Slurm',
    checks: [['sh', '-c', 'test -x /usr/sbin/slurmctld && test -x /usr/sbin/slurmd']],
    packages: ['slurm-wlm'],
    leftOut: LEFT_OUT,
  },
  {
    name: 'munge',
    checks: [['test', '-x', '/usr/sbin/munged']],
    packages: ['munge'],
    leftOut: LEFT_OUT,
  },
  {
    name: 'slurmdbd',
    checks: [['test', '-x', '/usr/sbin/slurmdbd']],
    packages: ['slurmdbd'],
    leftOut: "the tests on Slurm's accounting",
  },
  {
    name: 'a database for slurmdbd',
    checks: [['test', '-x', '/usr/sbin/mariadbd']],
    packages: ['mariadb-server-core', 'mariadb-server-core-10.6'],
    leftOut: "the tests on Slurm's accounting",
  },
  {
    name: 'what sets up a database for slurmdbd',
    checks: [['test', '-x', '/usr/bin/my_print_defaults']],
    packages: ['mariadb-client-core', 'mariadb-client-core-10.6'],
    leftOut: "the tests on Slurm's accounting",
  },
];

/** The part of the tests whose programs are built while the others run. */
export const ON_KUBERNETES = 'the tests on Kubernetes';
/** A cluster on this machine. */
const FOR_KUBERNETES: readonly Need[] = [
  { name: 'containerd', checks: [['test', '-x', '/usr/bin/containerd']], packages: ['containerd'] },
  { name: 'runc', checks: [['test', '-x', '/usr/sbin/runc']], packages: ['runc'] },
  {
    name: 'the loopback plugin of CNI',
    checks: [['test', '-x', '/usr/lib/cni/loopback']],
    packages: ['containernetworking-plugins'],
  },
  {
    name: 'Go',
    checks: [
      ['test', '-x', CLUSTER_PROGRAM],
      ['sh', '-c', 'PATH=$PATH:/usr/local/go/bin; go version'],
    ],
    packages: ['golang-go'],
  },
];

export const NEEDS: readonly Need[] = [
  {
    name: 'a Python that makes virtual environments',
    checks: [
      ['python3', ...CAN_MAKE_ENVIRONMENTS],
      ['/usr/bin/python3', ...CAN_MAKE_ENVIRONMENTS],
    ],
    packages: ['python3-venv'],
  },
  { name: 'git-lfs', checks: [['git', 'lfs', 'version']], packages: ['git-lfs'] },
  { name: 'ssh', checks: [['ssh', '-V']], packages: ['openssh-client'] },
  { name: 'sshd', checks: [['test', '-x', '/usr/sbin/sshd']], packages: ['openssh-server'] },
  { name: 'dockerd', checks: [['dockerd', '--version']], packages: ['docker.io'] },
  { name: 'docker', checks: [['docker', '--version']], packages: ['docker-cli', 'docker.io'] },
  { name: 'openssl', checks: [['openssl', 'version']], packages: ['openssl'] },
  { name: 'podman', checks: [['podman', '--version']], packages: ['podman'] },
  { name: 'the init of podman', checks: [['catatonit', '--version']], packages: ['catatonit'] },
  {
    name: 'a container registry',
    checks: [['docker-registry', '--version']],
    packages: ['docker-registry'],
  },
  { name: 'htpasswd', checks: [['sh', '-c', 'command -v htpasswd']], packages: ['apache2-utils'] },
  { name: 'a static busybox', checks: [['test', '-x', '/bin/busybox']], packages: ['busybox-static'] },
  {
    name: 'libfaketime',
    checks: [['sh', '-c', 'ls /usr/lib/*/faketime/libfaketime.so.1']],
    packages: ['libfaketime'],
  },
  { name: 'nginx', checks: [['nginx', '-v']], packages: ['nginx-light'] },
  { name: 'Chromium', checks: [['test', '-x', '/usr/bin/chromium']], packages: ['chromium'] },
  { name: 'promtool', checks: [['promtool', '--version']], packages: ['prometheus'] },
  ...ON_SLURM,
  ...FOR_KUBERNETES.map((need) => ({ ...need, leftOut: ON_KUBERNETES })),
  { name: 'zsh', checks: [['zsh', '--version']], packages: ['zsh'] },
  { name: 'systemd-analyze', checks: [['systemd-analyze', '--version']], packages: ['systemd'] },
  { name: 'fish', checks: [['fish', '--version']], packages: ['fish'] },
  ...IN_IMAGES.map((name) => ({
    name: `the package ${name}`,
    checks: [['dpkg', '-s', name]] as const,
    packages: [name],
  })),
];
