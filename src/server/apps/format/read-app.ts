import { type HoconDocument, parseHocon } from '../../../config/hocon/parse-hocon.js';
import { type AgentError, isAgentError } from '../../../errors.js';
import { checkWizard } from './check-wizard.js';
import type { AppDefinition } from './definition.js';
import { Node } from './node.js';
import { type Problem, Problems } from './problems.js';
import { readDashboard } from './read-dashboard.js';
import { readTask } from './read-task.js';
import { readWizard } from './read-wizard.js';
import { readAssetOrAddress } from './references.js';
import { MAX_LETTERS, sizeProblem } from './size.js';

/** Applications with lower numbers come first. */
const FEATURED = 500;

const ROOT = [
  'id',
  'name',
  'version',
  'provider',
  'description',
  'icon',
  'no_info_html',
  'default_queue',
  'default-queue',
  'badges',
  'resumable',
  'category',
  'featured',
  'details_page',
  'task',
  'wizard',
  'dashboard',
];
const ID = /^[A-Za-z0-9][\w.-]{0,99}$/;
const VERSION = /^\d+(?:\.\d+)*(?:\.?[-+A-Za-z_][\w.+-]*)?$/;
/** Letters of what lists and headings show. */
const SHORT = 200;
const MAX_VERSION = 100;

/** What a file says; without errors, the application. */
export interface ReadApp {
  app?: AppDefinition;
  errors: Problem[];
  warnings: Problem[];
}

/**
 * Reads a file `NAME.app.conf`. All that is wrong is found at once.
 *
 * @param file for the messages
 * @param assets names of the files in the folder `assets` beside it
 */
export function readApp(text: string, file: string, assets: ReadonlySet<string>): ReadApp {
  if (text.length > MAX_LETTERS)
    return failed(file, 1, `expected at most ${MAX_LETTERS} letters, found ${text.length}`);
  const document = parsed(text, file);
  if (isAgentError(document)) return syntaxProblem(file, document);
  const size = sizeProblem(document.root);
  if (size !== undefined) return failed(file, 1, size);
  const problems = new Problems(file, document.positions);
  const app = readRoot(new Node(document.root, [], problems), assets);
  const { errors, warnings } = problems;
  return { ...(errors.length === 0 ? { app } : {}), errors, warnings };
}

function parsed(text: string, file: string): HoconDocument | AgentError {
  try {
    return parseHocon(text, { file, env: {}, noIncludes: true });
  } catch (error) {
    if (isAgentError(error, 'CONFIG_SYNTAX')) return error;
    throw error;
  }
}

function failed(file: string, line: number, message: string): ReadApp {
  return { errors: [{ file, line, field: '', message }], warnings: [] };
}

/** The parser's own message begins with the place. */
function syntaxProblem(file: string, { message }: AgentError): ReadApp {
  const [, line = '1', rest = message] = /^.*?:(\d+):\d+: (.*)$/s.exec(message.slice(file.length)) ?? [];
  const hint = rest.includes('${ASSET:') ? '; a reference to an asset is written in quotes' : '';
  return failed(file, Number(line), `${rest}${hint}`);
}

function readRoot(node: Node, assets: ReadonlySet<string>): AppDefinition {
  node.only(ROOT);
  const optional = {
    icon: readAssetOrAddress(node.at('icon'), assets),
    no_info_html: readAssetOrAddress(node.at('no_info_html'), assets),
    details_page: node.at('details_page').text(),
  };
  const task = readTask(node.at('task'));
  const wizard = readWizard(node.at('wizard'));
  checkWizard(node.at('wizard').at('entries'), wizard);
  return {
    id: matching(node.at('id'), ID, 'letters, digits, "-", "_" and "."'),
    name: node.at('name').requiredText(SHORT),
    version: matching(node.at('version'), VERSION, 'numbers and points, such as 1.0.0'),
    provider: node.at('provider').text(SHORT) ?? '',
    description: node.at('description').text() ?? '',
    ...Object.fromEntries(Object.entries(optional).filter(([, text]) => text !== undefined)),
    default_queue: readQueue(node),
    badges: node.at('badges').texts(),
    resumable: node.at('resumable').flag(false),
    category: node.at('category').text(SHORT) ?? '',
    featured: node.at('featured').number(FEATURED),
    task,
    wizard,
    dashboard: readDashboard(node.at('dashboard'), assets),
  };
}

/** Both spellings count. */
function readQueue(node: Node): string {
  const [queue, other] = [node.at('default_queue'), node.at('default-queue')];
  if (!queue.isMissing && !other.isMissing && queue.value !== other.value)
    other.error(`expected the same queue as in default_queue, found ${JSON.stringify(other.value)}`);
  return queue.isMissing && !other.isMissing ? other.requiredText(SHORT) : queue.requiredText(SHORT);
}

function matching(node: Node, form: RegExp, expected: string): string {
  const text = node.requiredText(MAX_VERSION);
  if (text !== '' && !form.test(text)) node.expected(expected);
  return text;
}
