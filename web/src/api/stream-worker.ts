import { LiveCore, type LiveMessage, type Wanted } from './stream-core.js';

/** What a tab says. */
export type TabMessage =
  | { type: 'open'; url: string }
  | { type: 'add'; wanted: Wanted }
  | { type: 'remove'; key: string }
  | { type: 'alive' }
  | { type: 'bye' };

/** Tabs in the background may speak once a minute only. */
const SILENT_MS = 180_000;

interface Tab {
  keys: Set<string>;
  heardAt: number;
}

/** Holds the one stream of a browser for all of its tabs: browsers open six connections to a server. */
const tabs = new Map<MessagePort, Tab>();
let core: LiveCore | undefined;

function tell(message: LiveMessage): void {
  for (const [port, { keys }] of tabs)
    if (message.type === 'state' || keys.has(message.key)) port.postMessage(message);
}

function leave(port: MessagePort): void {
  for (const key of tabs.get(port)?.keys ?? []) core?.remove(key);
  tabs.delete(port);
}

function hear(port: MessagePort, message: TabMessage): void {
  const tab = tabs.get(port);
  if (tab === undefined) return;
  tab.heardAt = Date.now();
  if (message.type === 'open') {
    core ??= new LiveCore(message.url, tell);
    // The end of an earlier session is no news to a page that opens.
    const state = core.state === 'signed-out' ? 'connecting' : core.state;
    port.postMessage({ type: 'state', state } satisfies LiveMessage);
  } else if (message.type === 'add') {
    tab.keys.add(message.wanted.key);
    core?.add(message.wanted);
  } else if (message.type === 'remove') {
    tab.keys.delete(message.key);
    core?.remove(message.key);
  } else if (message.type === 'bye') leave(port);
}

addEventListener('connect', (event) => {
  const [port] = (event as MessageEvent).ports;
  if (port === undefined) return;
  tabs.set(port, { keys: new Set(), heardAt: Date.now() });
  port.onmessage = ({ data }: MessageEvent<TabMessage>) => hear(port, data);
});

setInterval(() => {
  for (const [port, { heardAt }] of tabs) if (Date.now() - heardAt > SILENT_MS) leave(port);
}, SILENT_MS / 3);
