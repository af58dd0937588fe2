import { readKernelLog } from '../os/kernel-log.js';

/** An error that NVIDIA's driver wrote to the kernel's log. */
export interface XidEvent {
  code: number;
  /** As the driver writes it: `0000:01:00`. */
  pciBusId: string;
  /** Microseconds of the kernel's own clock. */
  atMicros: number;
}

/**
 * The errors of NVIDIA's driver in the kernel's log. None where this user may not read it; most systems let only root.
 */
export function readXidEvents(file?: string): XidEvent[] {
  return parseXidEvents(readKernelLog(file));
}

/** @param text records of `/dev/kmsg`: `priority,number,microseconds,flags;message` */
export function parseXidEvents(text: string): XidEvent[] {
  const record = /^\d+,\d+,(\d+),[^;\n]*;NVRM: Xid \(PCI:([0-9a-fA-F:]+)[^)]*\): (\d+)\b/gm;
  return [...text.matchAll(record)].map(([, micros, pci = '', code]) => ({
    code: Number(code),
    pciBusId: pci,
    atMicros: Number(micros),
  }));
}

/** The kernel's clock now, in the unit of its log. */
export function kernelMicros(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
