import { listOf, number } from '../schema.js';

const numbers = listOf(number);

/** The figures of a machine that a worker reports: lists have one of each processor or GPU. */
export const MACHINE_STATS = {
  cpu_usage: numbers,
  cpu_temperature: numbers,
  gpu_usage: numbers,
  gpu_temperature: numbers,
  gpu_memory_free: numbers,
  gpu_memory_used: numbers,
  memory_used: number,
  memory_free: number,
  network_tx: number,
  network_rx: number,
  disk_free_home: number,
  disk_free_temp: number,
  disk_read: number,
  disk_write: number,
} as const;

/** What the names of the figures begin with. */
export const STATS_CATEGORIES = ['cpu', 'memory', 'gpu', 'network', 'disk'] as const;
