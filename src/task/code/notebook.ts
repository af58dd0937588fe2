import { insertEarly } from './task-init.js';

/**
 * `nbconvert` turns lines with `%`, `!` and `?` into calls of `get_ipython()`, and cells may call `display()`; a plain
 * Python has neither. The shell runs in the script's own namespace and keeps no history; the script's exit status,
 * arguments and exceptions stay those of Python.
 */
const NOTEBOOK_SHELL = `def _notebook_shell():
    try:
        import sys
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config
    except ImportError:
        return
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.instance(config=config, user_module=sys.modules[__name__], user_ns=globals())
    for name in ("exit", "quit"):
        globals().pop(name, None)


_notebook_shell()
`;

/** The script that `nbconvert` made of a notebook, with IPython's namespace where it needs it. */
export function notebookScript(text: string): string {
  return /\b(?:get_ipython|display)\(/.test(text) ? insertEarly(text, NOTEBOOK_SHELL) : text;
}
