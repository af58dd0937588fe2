import { type CallWith, type EndpointTable, EventStream, endpoint } from '../endpoint.js';
import { eventText } from '../live/event-text.js';
import { lastLines, lastPosition, lostSince, positionOf } from '../live/log-rows.js';
import { CHANGE_KINDS } from '../live/pending-changes.js';
import { integer, listOf, object, oneOf, required, text, texts } from '../schema.js';

const MOST_LOGS = 500;
const MOST_LINES = 5000;

const TAIL = object({
  task: required(text),
  lines: required({ ...integer, minimum: 1, maximum: MOST_LINES }),
  key: text,
});
const TOPICS = {
  after: text,
  logs: { ...texts, maxItems: MOST_LOGS },
  tails: { ...listOf(TAIL), maxItems: MOST_LOGS },
  changes: listOf(oneOf(CHANGE_KINDS)),
  tasks: { ...texts, maxItems: MOST_LOGS },
} as const;

/** What the page shows as it happens. */
export const liveEndpoints: EndpointTable = {
  'events.get_live': endpoint(TOPICS, stream),
};

/** @throws ApiError 429 */
function stream({ server, body }: CallWith<typeof TOPICS>): EventStream {
  const { database, live } = server;
  live.requireRoom();
  const topics = {
    logs: new Set(body.logs ?? []),
    kinds: new Set(body.changes ?? []),
    tasks: new Set(body.tasks ?? []),
  };
  const last = lastPosition(database);
  const kept = body.after === undefined ? last : positionOf(database, body.after);
  const position = kept ?? last;
  const id = String(position);
  const tails = (body.tails ?? []).map(({ key, task, lines }) =>
    eventText('tail', { key, task, lines: lastLines(database, task, lines) }, id),
  );
  const logs = [...topics.logs];
  const lost = kept === undefined ? logs : lostSince(database, kept, logs);
  const reread = lost.length > 0 ? [eventText('reread', { logs: lost }, id)] : [];
  const opening = [eventText('hello', {}, id), ...reread, ...tails].join('');
  return new EventStream((sink) => live.open(topics, sink, { text: opening, position }));
}
