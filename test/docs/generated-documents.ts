import { COMMANDS } from '../../src/cli/commands.js';
import { OPTION_SECTIONS } from '../../src/config/options/option-table.js';
import { VARIABLE_SECTIONS } from '../../src/config/variables/variable-table.js';
import { SERVER_KEY_SECTIONS } from '../../src/server/config/key-table.js';
import { ENDPOINTS } from '../../src/server/endpoints.js';
import { commandsPage } from './commands-page.js';
import { endpointsPage } from './endpoints-page.js';
import { errorsPage } from './errors-page.js';
import { renderDocs } from './render-configuration.js';
import { renderExample } from './render-example.js';
import { serverConfigurationTables } from './server-configuration-page.js';

export interface GeneratedDocument {
  /** From the root of the repository. */
  file: string;
  /** The document as it should be; what is written by hand is taken from the one that is there. */
  render(before: string): string;
}

const MARK = '<!-- What follows is made from the tables in the source: npm run docs -->';

/** Every file that is made, in whole or from the mark on, from a table. */
export const generatedDocuments: readonly GeneratedDocument[] = [
  { file: 'docs/commands.md', render: () => commandsPage(COMMANDS) },
  { file: 'docs/errors.md', render: () => errorsPage() },
  { file: 'docs/server-endpoints.md', render: () => endpointsPage(ENDPOINTS) },
  {
    file: 'docs/server-configuration.md',
    render: (before) => afterMark(before, serverConfigurationTables(SERVER_KEY_SECTIONS)),
  },
  { file: 'clearml.conf.example', render: () => renderExample(OPTION_SECTIONS) },
  {
    file: 'docs/configuration.md',
    render: (before) => afterMark(before, renderDocs(OPTION_SECTIONS, VARIABLE_SECTIONS)),
  },
];

function afterMark(before: string, text: string): string {
  const [head = ''] = before.split(MARK, 1);
  return `${head.trimEnd()}\n\n${MARK}\n\n${text.trim()}\n`;
}
