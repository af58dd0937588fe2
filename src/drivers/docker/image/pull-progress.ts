import { recordOf } from '../connect/docker-config.js';

/** One message of the engine while it pulls. */
interface PullEvent {
  id: string | undefined;
  status: string;
  current: number;
  total: number;
  error: string | undefined;
}

interface Layer {
  current: number;
  total: number;
  done: boolean;
}

const DONE = /^(Pull complete|Already exists)$/;
const MB = 1e6;

/** Adds up what the engine says about the layers of an image. */
export class PullProgress {
  readonly #layers = new Map<string, Layer>();
  /** What went wrong: the engine says it in the middle of its answer, whose status is 200. */
  error: string | undefined;

  /** @param line one JSON message */
  feed(line: string): void {
    const event = readEvent(line);
    if (event?.error !== undefined) this.error = event.error;
    if (event?.id === undefined || !isLayer(event)) return;
    const layer = this.#layers.get(event.id) ?? { current: 0, total: 0, done: false };
    this.#layers.set(event.id, layer);
    if (DONE.test(event.status)) {
      layer.done = true;
      layer.current = layer.total;
    }
    if (event.status !== 'Downloading') return;
    layer.current = event.current;
    layer.total = Math.max(event.total, event.current);
  }

  /** Every layer is there when a pull succeeds; Podman does not say it of each. */
  complete(): void {
    for (const layer of this.#layers.values()) {
      layer.done = true;
      layer.current = layer.total;
    }
  }

  /** `3/5 layers, 12.0/80.5 MB`; empty before the first layer is known. */
  get text(): string {
    const layers = [...this.#layers.values()];
    if (layers.length === 0) return '';
    const done = layers.filter((layer) => layer.done).length;
    const sum = (field: 'current' | 'total') => layers.reduce((total, layer) => total + layer[field], 0);
    const size =
      sum('total') > 0 ? `, ${(sum('current') / MB).toFixed(1)}/${(sum('total') / MB).toFixed(1)} MB` : '';
    return `${done}/${layers.length} layers${size}`;
  }
}

/** Others concern the image as a whole; their id is its tag. */
function isLayer({ status }: PullEvent): boolean {
  return (
    DONE.test(status) || /^(Pulling fs layer|Waiting|Downloading|Download complete|Extracting)$/.test(status)
  );
}

function readEvent(line: string): PullEvent | undefined {
  try {
    const { id, status, progressDetail, error, errorDetail } = recordOf(JSON.parse(line));
    const { current, total } = recordOf(progressDetail);
    const reason = recordOf(errorDetail).message ?? error;
    return {
      id: typeof id === 'string' ? id : undefined,
      status: typeof status === 'string' ? status : '',
      current: typeof current === 'number' ? current : 0,
      total: typeof total === 'number' ? total : 0,
      error: typeof reason === 'string' ? reason : undefined,
    };
  } catch {
    return undefined;
  }
}
