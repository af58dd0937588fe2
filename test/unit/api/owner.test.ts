import test from 'ava';
import { requireOwnerTokens } from '../../../src/api/owner.js';
import type { TokenClaims } from '../../../src/api/token-claims.js';

const SUITED: TokenClaims = { apiVersion: '2.20', featureSet: 'advanced', role: 'admin' };

const cases: [string, Partial<TokenClaims>, RegExp | undefined][] = [
  ['an administrator of a server that offers it', {}, undefined],
  ['the role root', { role: 'root' }, undefined],
  ['the role system', { role: 'system' }, undefined],
  ['an old API', { apiVersion: '2.9' }, /needs API 2\.14 or newer, and http:\/\/server has 2\.9/],
  ['the open-source server', { featureSet: 'basic' }, /open-source/],
  ['an ordinary user', { role: 'user' }, /role "user"/],
  ['a service account that may', { role: 'user', serviceAccountType: 2 }, undefined],
  ['a service account that may not', { role: 'user', serviceAccountType: 1 }, /role "user"/],
];

for (const [name, claims, refusal] of cases) {
  test(`${name} ${refusal ? 'is refused' : 'is taken'}`, (t) => {
    const check = () => requireOwnerTokens({ server: 'http://server', claims: { ...SUITED, ...claims } });
    if (refusal) t.throws(check, { code: 'OWNER_TOKEN', message: refusal });
    else t.notThrows(check);
  });
}

test('a token without a role is taken', (t) => {
  const { role: _, ...claims } = SUITED;
  t.notThrows(() => requireOwnerTokens({ server: 'http://server', claims }));
});
