import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { checkoutRepository } from '../../../src/repository/checkout.js';
import { listMirrors } from '../../../src/repository/mirror-collection.js';
import { CREDENTIALS, failure, PASSWORD, served } from '../../support/served-repository.js';

for (const tended of [false, true]) {
  const from = tended ? 'spare work tree' : 'mirror';
  test(`an owner's task gets the code of a ${from} only with a login for it`, async (t) => {
    const { b, server, source } = await served(t, { bot: PASSWORD });
    const repository = `${server.url}/team/repo`;
    const script = { repository, version_num: source.git('rev-parse', '--short=7', 'HEAD') };
    const first = await b.checkout(script, CREDENTIALS);
    if (tended) await first.tend?.(new AbortController().signal);
    const spare = `${(await listMirrors(b.cacheFolder))[0]?.folder}.spare`;
    t.is(existsSync(spare), tended);
    const ofOwner = (login: Record<string, string>) => {
      const request = b.request(script, login);
      return checkoutRepository({
        ...request,
        since: 0,
        settings: { ...request.settings, confirmAccess: true },
      });
    };
    const refused = await failure(ofOwner({}));
    t.is(refused.code, 'REPOSITORY_CLONE');
    t.regex(refused.message, /asks for credentials/);
    t.is(existsSync(spare), tended);
    if (tended) writeFileSync(path.join(spare, 'mark'), '');
    const { root } = await ofOwner(CREDENTIALS);
    t.is(readFileSync(path.join(root, 'a.py'), 'utf8'), 'print(1)\n');
    t.is(existsSync(path.join(root, 'mark')), tended);
  });
}
