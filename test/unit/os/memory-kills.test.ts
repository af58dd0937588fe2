import test from 'ava';
import { memoryKills } from '../../../src/os/kernel-log.js';

const kill = (group: string, { limit = group, source = '6,1,2,-' } = {}) =>
  `${source};oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=x,mems_allowed=0,oom_memcg=${limit},` +
  `task_memcg=${group},task=tail,pid=7,uid=0\n`;

const CASES: readonly [what: string, log: string, kills: number][] = [
  ['an empty log', '', 0],
  ['a process of the group', kill('/libpod_parent/libpod-abc'), 1],
  ['processes of a group below', kill('/docker/abc/below').repeat(2), 2],
  ['a process of another group', kill('/docker/other'), 0],
  ['a limit of a group above', kill('/docker/abc', { limit: '/docker' }), 1],
  ['the limit of the group, met by another', kill('/docker/other', { limit: '/abc' }), 0],
  ['the words of a program', `12,1,2,-;words: ${kill('/docker/abc', { source: '6,1,2,-' })}`, 0],
  ['other records', ' SUBSYSTEM=pci\n6,1,2,-;Memory cgroup out of memory: Killed process 7 (tail)\n', 0],
];

for (const [what, log, kills] of CASES)
  test(`killed for memory: ${what}: ${kills}`, (t) => t.is(memoryKills('abc', log), kills));
