import { hostname } from 'node:os';
import type { Config, ConfigTree, ConfigValue } from '../../config/config.js';
import { loadConfig } from '../../config/load.js';
import { nearest } from '../../config/nearest.js';
import { findOption, OPTIONS, ownValue } from '../../config/options/option-table.js';
import { renderConfig, shownValue } from '../../config/render-config.js';
import { describeSource } from '../../config/source.js';
import { joinKey, leaves } from '../../config/tree.js';
import { validateConfig } from '../../config/validate.js';
import { sanitizeCommand } from '../../container/arguments/sanitize-command.js';
import { hidingRules } from '../../container/plan/argument-settings.js';
import { AgentError } from '../../errors.js';
import { visibleJson, visibleLines, visibleText } from '../../logs/visible-text.js';
import type { CommandMask } from '../../secrets/mask.js';
import { maskedTree } from '../../secrets/mask.js';
import { checkValue, UNSET_VARIABLE } from '../argv.js';
import type { CommandContext } from '../command.js';
import { sessionConfig } from '../session.js';
import { VERSION } from '../version.js';

/** `agent config`, `agent config get KEY`, `agent config validate [FILE]` */
export async function runConfig(context: CommandContext): Promise<number> {
  const [action, argument, ...more] = context.positionals;
  if (more.length > 0) throw new AgentError('USAGE', `config: one word too many: "${more[0]}"`);
  if (action === undefined) return show(context);
  if (argument !== undefined) checkValue(argument, `config ${action}`, { hint: UNSET_VARIABLE });
  if (action === 'get') return get(context, argument);
  if (action === 'validate') return validate(context, argument);
  throw new AgentError(
    'USAGE',
    `config takes get or validate, or nothing to print everything, got "${action}"`,
  );
}

/** What is wrong with it goes to the other stream, so that what is printed keeps its form. */
function show(context: CommandContext): number {
  const config = withHostName(sessionConfig(context));
  const { json, sources } = context.options;
  const maskCommand = commandMask(config);
  const masked = () => maskedTree(config, maskCommand);
  const text =
    json === true
      ? `${visibleJson(sources === true ? sourceList(config, masked()) : masked())}\n`
      : visibleText(renderConfig(config, { version: VERSION, sources: sources === true, maskCommand }));
  context.stdout.write(text);
  const { warnings, errors } = validateConfig(config);
  for (const line of warnings) context.stderr.write(`warning: ${visibleLines(line)}\n`);
  for (const line of errors) context.stderr.write(`error: ${visibleLines(line)}\n`);
  return 0;
}

function sourceList(config: Config, masked: ConfigTree) {
  return [...leaves(masked)].map(([path, value]) => {
    const [inForce, ...others] = config.claims(joinKey(path)).map(({ source }) => describeSource(source));
    return {
      key: joinKey(path),
      value,
      source: inForce ?? describeSource(config.source(joinKey(path))),
      overrode: others,
    };
  });
}

/** @returns 1 for a key that is not set */
function get(context: CommandContext, key: string | undefined): number {
  if (key === undefined) throw new AgentError('USAGE', 'config get needs a key, such as agent.worker_name');
  const config = withHostName(sessionConfig(context));
  const value = shownValue(config, key, commandMask(config)) ?? ownValue(findOption(key)?.fallback ?? null);
  if (value === null) {
    if (findOption(key) === undefined) throw unknownKey(key);
    context.stderr.write(`${key} is not set\n`);
    return 1;
  }
  const source = context.options.sources === true ? `  # ${describeSource(config.source(key))}` : '';
  const text = valueText(value, context.options.json === true);
  // Scripts read the value as it is.
  context.stdout.write(`${context.stdout.isTTY === true ? visibleText(text) : text}${source}\n`);
  return 0;
}

function unknownKey(key: string): AgentError {
  const near = nearest(
    key,
    OPTIONS.map((option) => option.key),
  );
  return new AgentError('USAGE', `config get: there is no key "${key}"`, {
    ...(near === undefined ? {} : { hint: `Did you mean ${near}?` }),
  });
}

function valueText(value: ConfigValue, json: boolean): string {
  return json || typeof value === 'object' ? visibleJson(value, 0) : String(value);
}

/** @returns 2 when the agent could not work with it */
function validate(context: CommandContext, file: string | undefined): number {
  const config =
    file === undefined
      ? sessionConfig(context)
      : loadConfig({
          env: context.env,
          home: context.home,
          configFile: file,
          configFileBy: 'config validate',
        });
  const { warnings, errors } = validateConfig(config);
  const { stdout } = context;
  if (context.options.json === true) {
    stdout.write(`${visibleJson({ ok: errors.length === 0, files: config.files, warnings, errors })}\n`);
  } else {
    for (const line of warnings) stdout.write(`warning: ${visibleLines(line)}\n`);
    for (const line of errors) stdout.write(`error: ${visibleLines(line)}\n`);
    if (errors.length === 0) stdout.write(`${config.files.join(', ') || 'The configuration'} is valid\n`);
  }
  return errors.length === 0 ? 0 : 2;
}

/** Variables to hide in a printed configuration, besides those that container commands hide. */
const SECRET_NAMES = ['SECRET', 'PASS', 'TOKEN', 'CREDENTIAL', 'KEY'].flatMap((word) => [
  `*${word}*`,
  `*${word.toLowerCase()}*`,
]);

/** With the default worker name if none is configured. */
function withHostName(config: Config): Config {
  if (config.agent.workerName !== undefined) return config;
  return config.withTree({ agent: { worker_name: hostname() } }, 'the host name');
}

/** Hides secrets in container arguments by the rules that hold for container commands. */
function commandMask(config: Config): CommandMask {
  const rules = hidingRules(config);
  const extraNames = [...rules.extraNames, ...SECRET_NAMES];
  return (words) => sanitizeCommand(words, { ...rules, extraNames });
}
