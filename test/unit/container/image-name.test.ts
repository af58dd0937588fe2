import test from 'ava';
import { checkImageName } from '../../../src/container/policy/image-name.js';

const HEX = '0123456789abcdef'.repeat(4);
const RIGHT = [
  'python',
  'python:3.12',
  'nvidia/cuda:12.4.1-runtime-ubuntu22.04',
  'localhost/a__b/c-d--e.f:_x',
  'registry.example.com:5000/team/image',
  'MyRegistry.lan/image:Tag',
  '[::1]:5000/image',
  `python@sha256:${HEX}`,
  `127.0.0.1:5000/a/b:1@sha512:${HEX}${HEX}`,
  `sha256:${HEX}`,
  HEX.slice(0, 12),
  `a/${'b'.repeat(253)}`,
  `a:${'b'.repeat(128)}`,
];

for (const image of RIGHT) {
  test(`a name of an image: ${image.slice(0, 60)}`, (t) => t.notThrows(() => checkImageName(image)));
}

const WRONG: readonly [image: string, message: RegExp][] = [
  ['', /"": it is empty$/],
  [' ', /" ": it has blanks in it$/],
  ['my image:1', /"my image:1": it has blanks/],
  ['python:3.12 -e X=1', /blanks/],
  ['python:3.12\n', /"python:3.12\\u\{a\}": it has blanks/],
  ['\u200bpython', /"\\u\{200b\}python": it has invisible characters/],
  ['py\u0000thon', /"py\\u\{0\}thon": it has invisible/],
  ['\u00a0python', /^malformed image name "\\u\{a0\}python": /],
  ['http://registry.example.com/python', /it is an address/],
  ['docker://python', /it is an address/],
  ['Python:3.12', /the repository must be in lower case$/],
  ['registry.example.com/Team/image', /lower case$/],
  ['Team/image', /lower case$/],
  [':3.12', /it has no repository$/],
  ['python:', /its tag is not/],
  ['python:-x', /its tag is not/],
  [`python:${'x'.repeat(129)}`, /its tag is not/],
  ['a:b:c', /its repository is not|its tag is not/],
  ['python@sha256:abc', /its digest is not/],
  [`python@sha256:${HEX.toUpperCase()}`, /its digest is not/],
  [`python@md5:${HEX}`, /its digest is not/],
  [`a@sha256:${HEX}@sha256:${HEX}`, /its digest is not/],
  ['../containers/json', /its registry is no host|its repository is not/],
  ['a/../b', /its repository is not/],
  ['a//b', /its repository is not/],
  ['/python', /its repository is not/],
  ['python/', /its repository is not/],
  ['-rm', /its repository is not/],
  ['a..b', /its repository is not/],
  ['python?x=1', /its repository is not/],
  ['python#1', /its repository is not/],
  ['python%2f', /its repository is not/],
  ['host:port/a', /its registry is no host/],
  ['bäckerei', /its repository is not/],
  [`a/${'b'.repeat(256)}`, /longer than 255/],
];

for (const [image, message] of WRONG) {
  test(`no name of an image: ${JSON.stringify(image).slice(0, 60)}`, (t) => {
    const error = t.throws(() => checkImageName(image), { code: 'DOCKER_IMAGE', message });
    t.regex(error.message, /^malformed image name "/);
  });
}
