import http from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import type { EmbeddedServer } from '../../src/server/server.js';

export interface LiveEvent {
  name: string;
  id: string | undefined;
  data: Record<string, unknown>;
}

export interface LiveLine {
  n: number;
  msg: string;
}

/** An open `events.get_live`. */
export interface LiveStream {
  status: number;
  /** All events so far. */
  events: LiveEvent[];
  /** Position of the last event. */
  readonly id: string | undefined;
  /** Resolves with the first event from here on that fits. */
  next(fits: (event: LiveEvent) => boolean): Promise<LiveEvent>;
  /** Texts of the lines of a task, of `log` events. */
  lines(task: string): string[];
  /** Stops reading, and reads on. */
  pause(): void;
  resume(): void;
  readonly ended: Promise<void>;
  close(): void;
}

interface Asking {
  headers?: Record<string, string>;
  base?: string;
}

/** Opens a stream with the server's first keys, or with other headers. */
export function openLive(
  server: Pick<EmbeddedServer, 'url' | 'credentials'>,
  body: object,
  { headers, base = server.url }: Asking = {},
): Promise<LiveStream> {
  const { accessKey, secretKey } = server.credentials;
  const authorization = `Basic ${Buffer.from(`${accessKey}:${secretKey}`).toString('base64')}`;
  return new Promise((resolve, reject) => {
    const request = http.request(`${base}/events.get_live`, {
      method: 'POST',
      agent: false,
      headers: { 'content-type': 'application/json', ...(headers ?? { authorization }) },
    });
    request.once('error', reject);
    request.once('response', (response) => resolve(streamOf(response)));
    request.end(JSON.stringify(body));
  });
}

function streamOf(response: http.IncomingMessage): LiveStream {
  const events: LiveEvent[] = [];
  const waiting = new Set<() => void>();
  const decoder = new StringDecoder();
  let text = '';
  let id: string | undefined;
  response.on('data', (chunk: Buffer) => {
    const parts = (text + decoder.write(chunk)).split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts) {
      const event = eventOf(part);
      id = event.id ?? id;
      if (event.name !== '') events.push(event);
    }
    for (const look of waiting) look();
  });
  const ended = new Promise<void>((resolve) => response.once('close', resolve));
  response.on('error', () => undefined);
  return {
    status: response.statusCode ?? 0,
    events,
    get id() {
      return id;
    },
    next: (fits) => {
      const from = events.length;
      return new Promise((resolve, reject) => {
        const look = () => {
          const found = events.slice(from).find(fits);
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        void ended.then(() => reject(new Error(`the stream ended: ${JSON.stringify(events.at(-1))}`)));
      });
    },
    lines: (task) =>
      events
        .filter(({ name, data }) => name === 'log' && data.task === task)
        .flatMap(({ data }) => (data.lines as LiveLine[]).map(({ msg }) => msg)),
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    ended,
    close: () => void response.destroy(),
  };
}

function eventOf(text: string): LiveEvent {
  const fields = new Map(
    text.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  return {
    name: fields.get('event') ?? '',
    id: fields.get('id'),
    data: JSON.parse(fields.get('data') ?? '{}'),
  };
}
