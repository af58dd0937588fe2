import type { Delivery, LogEvent, LogServer, StoredAnswer } from '../../src/logs/delivery.js';

/**
 * What happens to one delivery: stored and answered; stored but the answer lost; half of it stored and the answer
 * lost; nothing stored and the connection broken; refused for now; refused for good; too large.
 */
export type Fate = 'ok' | 'answer-lost' | 'half' | 'broken' | 'busy' | 'refused' | 'too-large';

/** A log server in memory that follows a script of fates, then takes everything. */
export class ScriptedLogServer implements LogServer {
  readonly events: LogEvent[] = [];
  /** Sizes of the deliveries that were tried. */
  readonly deliveries: number[] = [];
  lookUps = 0;
  readonly #fates: Fate[];
  /** Called after each delivery was stored or not, before it is answered. */
  onDelivered: () => void = () => undefined;

  constructor(fates: readonly Fate[] = []) {
    this.#fates = [...fates];
  }

  get text(): string {
    const sorted = this.events.toSorted((a, b) => a.timestamp - b.timestamp);
    return sorted.map((event) => event.msg).join('');
  }

  async deliver(events: readonly LogEvent[]): Promise<Delivery> {
    const fate = this.#fates.shift() ?? 'ok';
    this.deliveries.push(events.length);
    if (fate === 'ok' || fate === 'answer-lost') this.events.push(...events);
    if (fate === 'half') this.events.push(...events.filter((_, index) => index % 2 === 0));
    this.onDelivered();
    switch (fate) {
      case 'ok':
        return { kind: 'accepted', added: events.length };
      case 'busy':
        return { kind: 'failed', cause: 'busy', maybeDone: false, retryAfterMs: 1 };
      case 'refused':
      case 'too-large':
        return { kind: 'refused', cause: fate, tooLarge: fate === 'too-large' };
      default:
        return { kind: 'failed', cause: fate, maybeDone: true };
    }
  }

  async stored(query: { task: string; until: number; count: number }): Promise<StoredAnswer> {
    this.lookUps += 1;
    const found = this.events.filter(
      ({ task, timestamp }) => task === query.task && timestamp <= query.until,
    );
    return {
      kind: 'events',
      events: found.toSorted((a, b) => b.timestamp - a.timestamp).slice(0, query.count),
    };
  }
}
