import { causeLine } from '../../errors.js';
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

/**
 * Why `nbconvert` fails: what the notebook lacks, else the last line of its error, which is a traceback.
 *
 * @param text the notebook; `undefined` where it cannot be read
 */
export function notebookFault(text: string | undefined, stderr: string): string {
  const last = stderr.trimEnd().split('\n').at(-1)?.trim() || 'nbconvert prints no reason';
  return (text === undefined ? undefined : structureFault(text)) ?? last.slice(0, LONGEST_CAUSE);
}

const LONGEST_CAUSE = 300;

function structureFault(text: string): string | undefined {
  if (text.trim() === '') return 'the file is empty';
  let notebook: unknown;
  try {
    notebook = JSON.parse(text);
  } catch (error) {
    return `it is not JSON: ${causeLine(error)}`;
  }
  if (typeof notebook !== 'object' || notebook === null) return 'it is no JSON object, as Jupyter writes one';
  // Formats before 4 have the cells in worksheets.
  const lists: unknown[] = [Reflect.get(notebook, 'cells'), Reflect.get(notebook, 'worksheets')];
  return lists.some(Array.isArray) ? undefined : 'it has no list of cells';
}
