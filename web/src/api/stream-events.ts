export interface LiveEvent {
  name: string;
  /** Position of the stream. */
  id: string | undefined;
  data: Record<string, unknown>;
}

/**
 * The server-sent events of an answer. The browser's own `EventSource` sends no body, and without TLS it does not say which page
 * asks, so that the server would refuse it.
 *
 * @param heard called with each piece, also with what keeps a quiet stream open
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  heard: () => void,
): AsyncGenerator<LiveEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      const parts = (text + decoder.decode(value, { stream: true })).split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) yield eventOf(part);
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

/** One that has only an id moves the position. */
function eventOf(text: string): LiveEvent {
  const fields: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 2);
  }
  return { name: fields.event ?? '', id: fields.id, data: JSON.parse(fields.data ?? '{}') };
}
