/**
 * Laid over the environment of every Python and every package tool that the agent runs: what is active
 * around the agent is not the task's.
 */
export const CLEAN_ENVIRONMENT: Readonly<Record<string, string | undefined>> = {
  PYTHONPATH: undefined,
  PYTHONHOME: undefined,
  PYTHONSTARTUP: undefined,
  VIRTUAL_ENV: undefined,
  __PYVENV_LAUNCHER__: undefined,
  PIP_REQUIRE_VIRTUALENV: undefined,
  PIP_USER: undefined,
  PIP_TARGET: undefined,
  PIP_PREFIX: undefined,
  UV_SYSTEM_PYTHON: undefined,
  UV_PYTHON: undefined,
  UV_PROJECT: undefined,
  UV_WORKING_DIR: undefined,
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  PIP_NO_INPUT: '1',
  /** Asked for where a task is to run in the interpreter itself; without effect in a virtual environment. */
  PIP_BREAK_SYSTEM_PACKAGES: '1',
  UV_BREAK_SYSTEM_PACKAGES: '1',
  PIP_ROOT_USER_ACTION: 'ignore',
  PIP_PROGRESS_BAR: 'off',
  UV_NO_PROGRESS: '1',
  NO_COLOR: '1',
  FORCE_COLOR: undefined,
  CLICOLOR_FORCE: undefined,
};
