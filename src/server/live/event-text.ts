import type { JsonObject } from '../json.js';

/** The events of a stream, by name; web/README.md has their data. */
export type EventName = 'hello' | 'tail' | 'log' | 'changed' | 'reread' | 'ended';

/** One server-sent event. JSON has no line breaks of its own. @param id position of the stream */
export function eventText(name: EventName, data: JsonObject, id?: string): string {
  const position = id === undefined ? '' : `id: ${id}\n`;
  return `event: ${name}\n${position}data: ${JSON.stringify(data)}\n\n`;
}
