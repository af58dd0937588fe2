import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { EventSink, EventStream } from '../endpoint.js';
import { eventText } from '../live/event-text.js';

/** Bytes that wait for a client; beyond it nothing more is sent until they are gone. */
const MOST_WAITING = 256 * 1024;
/** Between two checks of the session. */
const CHECK_MS = 15_000;
/** For peers whose connection breaks silently. */
const KEEP_ALIVE_MS = 60_000;

/**
 * Answers with server-sent events until the client leaves.
 *
 * @param check throws when the one who asked may no longer ask
 */
export function streamEvents(
  reply: FastifyReply,
  stream: EventStream,
  check: () => Promise<unknown>,
  checkMs = CHECK_MS,
): FastifyReply {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // nginx would collect what it passes on.
    'x-accel-buffering': 'no',
  });
  raw.socket?.setKeepAlive(true, KEEP_ALIVE_MS);
  raw.socket?.setNoDelay(true);
  const feed = stream.begin(sinkOf(raw));
  const checks = setInterval(() => {
    check().catch(() => raw.end(eventText('ended', { reason: 'the session is over' })));
  }, checkMs).unref();
  raw.on('drain', () => feed.drained());
  raw.once('error', () => undefined);
  raw.once('close', () => {
    clearInterval(checks);
    feed.close();
  });
  return reply;
}

function sinkOf(raw: ServerResponse): EventSink {
  return {
    send: (text) => {
      if (raw.writableEnded || raw.destroyed) return false;
      raw.write(text);
      return raw.writableLength < MOST_WAITING;
    },
    end: () => void raw.end(),
  };
}
