import test from 'ava';
import { isWholeBlock, readPasted } from '../../../src/cli/init/pasted-credentials.js';
import { confBlock } from '../../../web/src/pages/settings/conf-block.js';

const ADDRESSES = {
  web: 'https://app.example.com/ml',
  api: 'https://api.example.com:8008',
  files: 'http://[::1]:8081/files',
};
const PAIR = {
  access_key: 'B212FF3B7353FFC6946A17647457FF',
  secret_key: 'Aww-sOiBAaKk2R_27yM9kuNeGwaarBUEXrJy',
};

test('agent init reads all of the block that the page gives to be copied', (t) => {
  t.deepEqual(readPasted(confBlock(ADDRESSES, PAIR)), {
    ...ADDRESSES,
    accessKey: PAIR.access_key,
    secretKey: PAIR.secret_key,
  });
});

test('the wizard knows with the last line of the block that it is whole, and not before', (t) => {
  const lines = confBlock(ADDRESSES, PAIR).trimEnd().split('\n');
  t.deepEqual(
    lines.map((_line, index) => isWholeBlock(lines.slice(0, index + 1))),
    lines.map((_line, index) => index === lines.length - 1),
  );
});
