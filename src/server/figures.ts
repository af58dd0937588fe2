import type { StatsFs } from 'node:fs';
import { stat, statfs } from 'node:fs/promises';
import { loadavg, totalmem } from 'node:os';
import path from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { DATABASE } from './backup/format.js';
import { type BackupKind, readSchedule, readStatus } from './backup/records.js';

/** From a call that reads one document to one that goes through all of them; seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What a server counts and measures from its start on, in Prometheus' conventions. */
export class ServerFigures {
  readonly registry = new Registry();
  readonly #requests: Counter<'service' | 'status'>;
  readonly #seconds: Histogram<'service'>;
  readonly #failures: Counter;
  readonly #damaged: Gauge;

  /** @param folder of the server's data */
  constructor(folder: string) {
    const registers = [this.registry];
    this.#requests = new Counter({
      name: 'clearml_server_requests_total',
      help: 'Requests by service (files: the file server, web: the page) and HTTP status.',
      labelNames: ['service', 'status'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'clearml_server_request_seconds',
      help: 'Time from the arrival of a request to its answer; waits for tasks are left out.',
      labelNames: ['service'],
      buckets: BUCKETS,
      registers,
    });
    this.#failures = new Counter({
      name: 'clearml_server_failures_total',
      help: 'Errors that are no refusals: full disks, damaged files, bugs. The log has the cause.',
      registers,
    });
    this.#damaged = new Gauge({
      name: 'clearml_server_database_damaged',
      help: '1 if the check after the start found the database damaged.',
      registers,
    });
    addProcess(registers);
    addDisk(registers, folder);
    addBackups(registers, folder);
  }

  failed(): void {
    this.#failures.inc();
  }

  databaseChecked(damaged: boolean): void {
    this.#damaged.set(damaged ? 1 : 0);
  }

  /** Counts an answer; a hook of the applications. */
  answered(service: string, { statusCode, elapsedTime }: FastifyReply, waits = false): void {
    this.#requests.inc({ service, status: String(statusCode) });
    if (!waits) this.#seconds.observe({ service }, elapsedTime / 1000);
  }
}

/** The service of an endpoint, `tasks` of `tasks.get_all`; of anything else `other`. */
export function serviceOf({ routeOptions }: FastifyRequest): string {
  const { url = '' } = routeOptions;
  return /^\/([a-z_]+)\.\w+$/.exec(url)?.[1] ?? 'other';
}

type Registers = [Registry] | Registry[];

function addProcess(registers: Registers): void {
  const started = Date.now();
  const gauge = (name: string, help: string, value: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  gauge(
    'clearml_server_uptime_seconds',
    'Time since the start of the server.',
    () => (Date.now() - started) / 1000,
  );
  gauge('clearml_server_resident_memory_bytes', 'Memory of the server.', () => process.memoryUsage.rss());
  gauge('clearml_server_cpu_seconds', 'Processor time of the server.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  gauge(
    'clearml_server_machine_load5',
    'Average load of the machine over five minutes.',
    () => loadavg()[1] ?? 0,
  );
  gauge('clearml_server_machine_memory_available_bytes', 'Memory that programs can still get.', () =>
    process.availableMemory(),
  );
  gauge('clearml_server_machine_memory_bytes', 'Memory of the machine.', totalmem);
}

function addDisk(registers: Registers, folder: string): void {
  const gauge = (name: string, help: string, value: (facts: StatsFs) => number) =>
    new Gauge({
      name: `clearml_server_disk_${name}_bytes`,
      help,
      labelNames: ['disk'],
      registers,
      async collect() {
        for (const [disk, where] of await disksOf(folder)) {
          const facts = await statfs(where).catch(() => undefined);
          if (facts !== undefined) this.set({ disk }, value(facts) * facts.bsize);
        }
      },
    });
  gauge('size', 'Size of the disks that the server writes to.', ({ blocks }) => blocks);
  gauge('free', 'Space on these disks that the server may still use.', ({ bavail }) => bavail);
  new Gauge({
    name: 'clearml_server_database_bytes',
    help: 'Size of the database and of its log.',
    registers,
    async collect() {
      const file = path.join(folder, DATABASE);
      const sizes = [file, `${file}-wal`].map((one) =>
        stat(one).then(
          ({ size }) => size,
          () => 0,
        ),
      );
      this.set((await Promise.all(sizes)).reduce((sum, size) => sum + size, 0));
    },
  });
}

/** The uploads may be on a disk of their own, and backups should be. */
async function disksOf(folder: string): Promise<[disk: string, where: string][]> {
  const schedule = await readSchedule(folder);
  const backups: [string, string][] =
    schedule === undefined ? [] : [['backups', path.dirname(schedule.file)]];
  return [['data', folder], ['files', path.join(folder, 'files')], ...backups];
}

const KINDS: readonly BackupKind[] = ['schedule', 'command'];

function addBackups(registers: Registers, folder: string): void {
  const perKind = (name: string, help: string, field: 'attempted' | 'succeeded' | 'bytes' | 'seconds') =>
    new Gauge({
      name: `clearml_server_backup_${name}`,
      help,
      labelNames: ['by'],
      registers,
      async collect() {
        this.reset();
        for (const by of KINDS) {
          const value = (await readStatus(folder, by))?.[field];
          if (value !== undefined) this.set({ by }, value);
        }
      },
    });
  perKind('last_attempt_timestamp_seconds', 'When the last backup began.', 'attempted');
  perKind('last_success_timestamp_seconds', 'When the last whole backup was written.', 'succeeded');
  perKind('bytes', 'Size of the last whole backup.', 'bytes');
  perKind('seconds', 'Duration of the last whole backup.', 'seconds');
  new Gauge({
    name: 'clearml_server_backup_failed',
    help: '1 if the last backup failed.',
    labelNames: ['by'],
    registers,
    async collect() {
      this.reset();
      for (const by of KINDS) {
        const status = await readStatus(folder, by);
        if (status !== undefined) this.set({ by }, status.failure === undefined ? 0 : 1);
      }
    },
  });
  new Gauge({
    name: 'clearml_server_backup_interval_seconds',
    help: 'Time between two backups of the schedule; absent without one.',
    registers,
    async collect() {
      this.reset();
      const schedule = await readSchedule(folder);
      if (schedule === undefined) this.remove();
      else this.set(schedule.everySeconds);
    },
  });
}
