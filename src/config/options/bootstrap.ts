import type { Option } from './option.js';

const NO_BOOTSTRAP =
  'nothing is installed into containers to run an agent there, so there is nothing to speed up';

/** The accelerator of container start-up that the original can install. */
export const BOOTSTRAP_OPTIONS = [
  {
    key: 'agent.bootstrap.use_bootstrap',
    type: 'boolean',
    shipped: true,
    help: 'Prepare containers with the bootstrap package.',
    ignored: NO_BOOTSTRAP,
  },
  {
    key: 'agent.bootstrap.check_for_latest',
    type: 'boolean',
    shipped: false,
    help: 'Look for a newer bootstrap package when the daemon starts.',
    ignored: NO_BOOTSTRAP,
  },
  {
    key: 'agent.bootstrap.check_for_latest_timeout',
    type: 'integer',
    shipped: 5,
    help: 'Seconds to wait for the answer.',
    ignored: NO_BOOTSTRAP,
  },
  {
    key: 'agent.bootstrap.host_bootstrap_dir',
    type: 'path',
    shipped: '~/.clearml.bootstrap',
    help: 'Folder of the bootstrap binaries on this machine.',
    ignored: NO_BOOTSTRAP,
  },
  {
    key: 'agent.bootstrap.host_bootstrap_cache_dir',
    type: 'path',
    shipped: '~/.clearml.bootstrap.cache',
    help: 'Cache of the bootstrap binaries on this machine.',
    ignored: NO_BOOTSTRAP,
  },
  {
    key: 'agent.bootstrap.always_update',
    type: 'boolean',
    help: 'Unpack the bootstrap binaries each time.',
    ignored: NO_BOOTSTRAP,
  },
  {
    key: 'agent.bootstrap.skip_git_installation',
    type: 'boolean',
    shipped: true,
    help: 'Use the git of the container when it has one.',
    ignored: NO_BOOTSTRAP,
  },
  {
    key: 'agent.bootstrap.always_use_static_git',
    type: 'boolean',
    shipped: false,
    help: 'Use the git of the bootstrap package.',
    ignored: NO_BOOTSTRAP,
  },
  {
    key: 'agent.bootstrap.always_install_ca_cert',
    type: 'boolean',
    shipped: true,
    help: 'Install the certificates of public authorities in the container.',
    ignored: NO_BOOTSTRAP,
  },
  {
    key: 'agent.bootstrap.map_external_ssl_cert',
    type: 'path',
    help: 'Certificate file that is used inside the container.',
    ignored: NO_BOOTSTRAP,
  },
  {
    key: 'agent.bootstrap.uv_python_meta_file',
    type: 'text',
    help: 'List of the Python builds that uv downloads: a file or an address.',
    consumedBy: 'python',
  },
  {
    key: 'agent.bootstrap.uv_def_python_ver',
    type: 'text',
    help: 'Python version that uv downloads.',
    ignored: NO_BOOTSTRAP,
  },
  {
    key: 'agent.bootstrap.auto_update_uv_bin',
    type: 'boolean',
    help: 'Update uv inside the container.',
    ignored: NO_BOOTSTRAP,
  },
  {
    key: 'agent.bootstrap.auto_update_uv_url_gh',
    type: 'text',
    help: 'Address of the releases of uv.',
    ignored: NO_BOOTSTRAP,
  },
  {
    key: 'agent.bootstrap.auto_update_uv_url_ghe',
    type: 'text',
    help: 'Address of the releases of uv on GitHub Enterprise.',
    ignored: NO_BOOTSTRAP,
  },
  {
    key: 'agent.bootstrap.uv_use_builtin_tls',
    type: 'boolean',
    help: "Use the system's certificates in uv.",
    ignored: NO_BOOTSTRAP,
  },
  {
    key: 'agent.bootstrap.uv_insecure',
    type: 'any',
    help: 'Hosts that uv trusts without a certificate.',
    ignored: NO_BOOTSTRAP,
  },
  {
    key: 'agent.bootstrap.git_insecure',
    type: 'boolean',
    help: 'Trust git servers without a certificate.',
    ignored: NO_BOOTSTRAP,
  },
  {
    key: 'agent.bootstrap.uv_default_index_url',
    type: 'text',
    help: 'Package index of uv.',
    ignored: NO_BOOTSTRAP,
  },
  {
    key: 'agent.bootstrap.uv_index_url',
    type: 'text',
    help: 'Further package indexes of uv.',
    ignored: NO_BOOTSTRAP,
  },
] as const satisfies readonly Option[];
