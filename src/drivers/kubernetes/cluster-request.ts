import http from 'node:http';
import https from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import { systemCode } from '../../errors.js';
import { StatusError } from './cluster-errors.js';

export interface ClusterRequest {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With its query. */
  path: string;
  body?: unknown;
  contentType?: string;
  signal?: AbortSignal;
}

const ANSWER_MS = 30_000;

/**
 * One call of the Kubernetes API.
 *
 * @throws StatusError for an answer that is no success; the errors of sockets and TLS
 */
export async function askCluster(kubeConfig: KubeConfig, request: ClusterRequest): Promise<unknown> {
  const late = AbortSignal.timeout(ANSWER_MS);
  const signal = request.signal === undefined ? late : AbortSignal.any([late, request.signal]);
  const answer = await answerOf(kubeConfig, { ...request, signal });
  const text = await textOf(answer);
  return text === '' ? {} : JSON.parse(text);
}

/** The answer once its head is there; a failure has been read whole. */
export async function answerOf(
  kubeConfig: KubeConfig,
  request: ClusterRequest,
): Promise<http.IncomingMessage> {
  const { method, path, body, contentType = 'application/json', signal } = request;
  const options: https.RequestOptions = { method, ...(signal === undefined ? {} : { signal }) };
  await kubeConfig.applyToHTTPSOptions(options);
  const text = body === undefined ? undefined : JSON.stringify(body);
  options.headers = {
    ...options.headers,
    accept: 'application/json',
    ...(text === undefined ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(text) }),
  };
  const url = new URL(`${kubeConfig.getCurrentCluster()?.server.replace(/\/+$/, '')}${path}`);
  const module = url.protocol === 'http:' ? http : https;
  const ask = (again: boolean) =>
    new Promise<http.IncomingMessage>((resolve, reject) => {
      const sent = module.request(url, options, resolve);
      sent.once('error', (error) => {
        // The server has closed a connection that idled just as it was used.
        if (again && sent.reusedSocket && systemCode(error) === 'ECONNRESET') resolve(ask(false));
        else reject(signal?.aborted ? timeOut(signal, error) : error);
      });
      sent.end(text);
    });
  const answer = await ask(true);
  const { statusCode = 0 } = answer;
  if (statusCode < 300) return answer;
  throw statusError(statusCode, await textOf(answer));
}

export function statusError(statusCode: number, text: string): StatusError {
  try {
    const { reason, message }: { reason?: unknown; message?: unknown } = Object(JSON.parse(text));
    return new StatusError(statusCode, String(reason ?? ''), String(message ?? `HTTP status ${statusCode}`));
  } catch {
    return new StatusError(statusCode, '', text.trim().split('\n', 1)[0] || `HTTP status ${statusCode}`);
  }
}

function timeOut(signal: AbortSignal, error: Error): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error && reason.name === 'TimeoutError'
    ? new Error('no answer within 30 s')
    : error;
}

async function textOf(answer: http.IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer) if (chunk instanceof Uint8Array) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
