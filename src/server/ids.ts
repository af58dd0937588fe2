import { createHash, randomUUID } from 'node:crypto';

/** 32 lower-case hex characters: agents take an argument of this shape for an id and any other for a name. */
export function newId(): string {
  return randomUUID().replaceAll('-', '');
}

/** Keys of `last_metrics` are digests, because names may hold dots. */
export function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
