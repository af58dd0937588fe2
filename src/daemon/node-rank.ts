import type { Config } from '../config/config.js';
import type { LogServer } from '../logs/delivery.js';

/** Rank of this machine in a task of several nodes; only the first one tells the server about the task. */
export function nodeRank(config: Config): number {
  const rank = Number(config.variable('RANK') ?? 0);
  return Number.isInteger(rank) ? rank : 0;
}

/**
 * The log of a node that is not the first, where the nodes share one task: every message begins with a line
 * that names the node, in a colour of its own.
 */
export function nameRank(server: LogServer, config: Config): LogServer {
  const rank = nodeRank(config);
  const nodes = Number(config.variable('CLEARML_MULTI_NODE_SINGLE_TASK') ?? 0);
  if (rank === 0 || !(nodes > 0)) return server;
  const heading = `\u001b[38;5;${FIRST_COLOUR + (rank % COLOURS)}mRANK ${rank}:\u001b[0m\n`;
  return {
    deliver: (events, signal) =>
      server.deliver(
        events.map((event) => ({ ...event, msg: heading + event.msg })),
        signal,
      ),
    stored: async (query, signal) => {
      const answer = await server.stored(query, signal);
      if (answer.kind !== 'events') return answer;
      const withoutHeading = (msg: string) => (msg.startsWith(heading) ? msg.slice(heading.length) : msg);
      return {
        ...answer,
        events: answer.events.map((event) => ({ ...event, msg: withoutHeading(event.msg) })),
      };
    },
  };
}

/** Of the 256 of a terminal, those that are neither grey nor the terminal's own. */
const FIRST_COLOUR = 20;
const COLOURS = 210;
