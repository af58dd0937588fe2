/** How the GPUs of a machine are connected, by the numbers that the vendor's tool gives the cards. */
export interface Topology {
  /** Of each pair of cards: 0 for a card itself, below 2 over NVLink, then growing to 6 across CPU sockets. */
  distances: readonly (readonly number[])[];
  /** The CPUs next to each card, as Linux lists them (`0-15,32-47`); `undefined` where the tool does not say. */
  cpus: readonly (string | undefined)[];
  numaNodes: readonly (number | undefined)[];
}

/**
 * What connects two cards, nearest first. Source: the legend of `nvidia-smi topo -m`; up to driver 375 `SOC` stood for
 * `SYS`. More links (`NV12`) are nearer than few.
 */
const CONNECTIONS: Readonly<Record<string, number>> = {
  X: 0,
  PIX: 2,
  PXB: 3,
  PHB: 4,
  NODE: 5,
  SYS: 6,
  SOC: 6,
};
const FARTHEST = 6;

/** The header is underlined, on no terminal too. */
const UNDERLINE = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
const FIRST_AFFINITY = 'CPU Affinity';
const CPU_LIST = /^\d+(-\d+)?(,\d+(-\d+)?)*$/;

/**
 * Reads `nvidia-smi topo -m`. Columns for network cards stand between those of the GPUs and the affinities; drivers
 * before 450 have no NUMA column, those from 525 on one more after it and a header that is underlined by escape
 * sequences.
 *
 * @returns `undefined` where it is no such matrix
 */
export function parseTopology(output: string): Topology | undefined {
  const lines = output.replaceAll(UNDERLINE, '').split('\n');
  const at = lines.findIndex((line) => line.includes(FIRST_AFFINITY));
  const columns = wordsOf(lines[at]?.split(FIRST_AFFINITY)[0] ?? '');
  const rows = lines.slice(at + 1).flatMap((line) => rowOf(line, columns));
  const cards = Array.from({ length: Math.max(-1, ...rows.map(({ card }) => card)) + 1 }, (_, card) =>
    rows.find((row) => row.card === card),
  );
  if (at < 0 || cards.length === 0) return undefined;
  return {
    distances: cards.map((row, card) =>
      cards.map((_, other) => row?.distances.get(other) ?? (card === other ? 0 : FARTHEST)),
    ),
    cpus: cards.map((row) => row?.cpus),
    numaNodes: cards.map((row) => row?.numaNode),
  };
}

interface Row {
  card: number;
  distances: ReadonlyMap<number, number>;
  cpus: string | undefined;
  numaNode: number | undefined;
}

function rowOf(line: string, columns: readonly string[]): Row[] {
  const [name = '', ...cells] = wordsOf(line);
  const card = cardOf(name);
  if (card === undefined || cells.length < columns.length) return [];
  const distances = new Map<number, number>();
  for (const [at, column] of columns.entries()) {
    const other = cardOf(column);
    if (other !== undefined) distances.set(other, distanceOf(cells[at] ?? ''));
  }
  const [cpus = '', node = ''] = cells.slice(columns.length);
  return [
    {
      card,
      distances,
      cpus: CPU_LIST.test(cpus) ? cpus : undefined,
      numaNode: /^\d+$/.test(node) ? Number(node) : undefined,
    },
  ];
}

function cardOf(name: string): number | undefined {
  const digits = /^GPU(\d{1,3})$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

function distanceOf(connection: string): number {
  const links = /^NV(\d+)$/.exec(connection)?.[1];
  if (links !== undefined) return 1 + 1 / (1 + Number(links));
  return CONNECTIONS[connection] ?? FARTHEST;
}

function wordsOf(line: string): string[] {
  return line.split(/\s+/).filter((word) => word !== '');
}
