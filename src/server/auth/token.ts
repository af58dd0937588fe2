import { createHmac, timingSafeEqual } from 'node:crypto';
import { isObject, type JsonObject } from '../json.js';

const HEADER = encode({ alg: 'HS256', typ: 'JWT' });

/** A JSON web token, signed with HMAC-SHA256. Clients read the claims but cannot check the signature. */
export function signToken(claims: JsonObject, secret: string): string {
  const body = `${HEADER}.${encode(claims)}`;
  return `${body}.${signature(body, secret).toString('base64url')}`;
}

/** The claims of a token that this secret signed and that has not expired; else `undefined`. */
export function verifyToken(token: string, secret: string, nowSeconds: number): JsonObject | undefined {
  const [header, body, given, ...more] = token.split('.');
  // Only our own header is taken, so no other algorithm can be chosen by the sender.
  if (header !== HEADER || body === undefined || given === undefined || more.length > 0) return undefined;
  const expected = signature(`${header}.${body}`, secret);
  const actual = Buffer.from(given, 'base64url');
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) return undefined;
  const claims: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
  if (!isObject(claims)) return undefined;
  const expired = typeof claims.exp === 'number' && claims.exp <= nowSeconds;
  return expired ? undefined : claims;
}

function encode(value: JsonObject): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function signature(text: string, secret: string): Buffer {
  return createHmac('sha256', secret).update(text).digest();
}
