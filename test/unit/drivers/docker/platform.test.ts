import test from 'ava';
import { fitsPlatform, parsePlatform } from '../../../../src/drivers/docker/image/platform.js';

test('platforms as --platform takes them', (t) => {
  t.deepEqual(parsePlatform('linux/arm64'), { os: 'linux', architecture: 'arm64' });
  t.deepEqual(parsePlatform('linux/arm/v7'), { os: 'linux', architecture: 'arm', variant: 'v7' });
  t.deepEqual(parsePlatform('aarch64'), { os: 'linux', architecture: 'arm64' });
  t.deepEqual(parsePlatform('Linux/x86_64'), { os: 'linux', architecture: 'amd64' });
  t.deepEqual(parsePlatform('linux'), { os: 'linux' });
});

test('an image fits a platform', (t) => {
  const image = { os: 'linux', architecture: 'arm', variant: 'v7' };
  t.true(fitsPlatform(image, parsePlatform('linux/arm/v7')));
  t.true(fitsPlatform(image, parsePlatform('linux/arm')));
  t.true(fitsPlatform({ os: 'linux', architecture: 'arm64' }, parsePlatform('linux/arm64/v8')));
  t.false(fitsPlatform(image, parsePlatform('linux/arm/v6')));
  t.false(fitsPlatform(image, parsePlatform('linux/amd64')));
});
