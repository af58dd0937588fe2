import type { V1Pod } from '@kubernetes/client-node';
import test from 'ava';
import type { PodList, WatchEvent } from '../../../../src/drivers/kubernetes/cluster.js';
import { PodBoard, type PodView } from '../../../../src/drivers/kubernetes/pod-board.js';
import { until } from '../../../support/until.js';

const pod = (name: string, version: string): V1Pod => ({ metadata: { name, resourceVersion: version } });

/** An API server by script: its lists, and for each watch the events before it ends. */
class Script {
  readonly versions: string[] = [];
  lists = 0;

  constructor(
    readonly listing: (V1Pod[] | Error)[],
    readonly watches: WatchEvent[][],
  ) {}

  async pods(): Promise<PodList> {
    const next = this.listing[Math.min(this.lists, this.listing.length - 1)] ?? [];
    this.lists += 1;
    if (next instanceof Error) throw next;
    return { pods: next, resourceVersion: `list-${this.lists}` };
  }

  async *watchPods(_: string, version: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const events = this.watches[this.versions.length];
    this.versions.push(version);
    if (events !== undefined) yield* events;
    else await new Promise((resolve) => signal.addEventListener('abort', resolve));
  }
}

function boardOf(t: { teardown(end: () => void): void }, script: Script) {
  const end = new AbortController();
  t.teardown(() => end.abort());
  const board = new PodBoard({ cluster: script, selector: 'x', signal: end.signal, pauseMs: 1 });
  const views: PodView[] = [];
  board.watch('a', (view) => views.push(view));
  return { board, views, kinds: () => views.map(({ kind }) => kind) };
}

test('a watch goes on from the version of the last event, bookmarks included', async (t) => {
  const script = new Script(
    [[pod('a', '1')]],
    [
      [
        { type: 'MODIFIED', object: pod('a', '5') },
        { type: 'BOOKMARK', object: pod('', '7') },
      ],
      [{ type: 'DELETED', object: pod('a', '9') }],
    ],
  );
  const { kinds } = boardOf(t, script);
  await until(() => script.versions.length === 3, { what: 'the third watch' });
  t.deepEqual(script.versions, ['list-1', '7', '9']);
  t.is(script.lists, 1);
  t.deepEqual(kinds(), ['pod', 'pod', 'gone']);
});

test('a version that is forgotten is followed by a list, which tells of pods that are gone', async (t) => {
  const gone = { type: 'ERROR', object: { code: 410, reason: 'Expired', message: 'too old' } };
  const script = new Script([[pod('a', '1')], []], [[gone]]);
  const { kinds } = boardOf(t, script);
  await until(() => script.versions.length === 2, { what: 'the second watch' });
  t.deepEqual(script.versions, ['list-1', 'list-2']);
  t.deepEqual(kinds(), ['pod', 'gone']);
});

test('an API server that is away is told once, and asked again', async (t) => {
  const script = new Script([new Error('refused'), new Error('refused'), [pod('a', '1')]], []);
  const { kinds } = boardOf(t, script);
  await until(() => script.versions.length === 1, { what: 'the watch' });
  t.deepEqual(kinds(), ['away', 'pod']);
});

test('one watch serves many pods, and ends with the last of them', async (t) => {
  const script = new Script([[pod('a', '1'), pod('b', '1')]], []);
  const { board, views } = boardOf(t, script);
  await until(() => views.length > 0, { what: 'the first pod' });
  const seen: PodView[] = [];
  const end = board.watch('b', (view) => seen.push(view));
  await until(() => seen.length > 0, { what: 'the second pod' });
  t.is(seen[0]?.kind, 'pod');
  t.is(script.lists, 1);
  end();
});
