import type { AppDefinition, DashboardLine } from '../../../../src/server/apps/format/definition.js';
import { call } from '../../api/client.js';
import { at } from '../../base.js';

/** An application of the gallery. */
export interface AppSummary {
  id: string;
  name: string;
  version: string;
  versions: string[];
  provider: string;
  description: string;
  icon?: string;
  badges: string[];
  category: string;
  default_queue: string;
  resumable: boolean;
  uploaded: string;
}

export type App = AppDefinition & { versions: string[]; deleted: boolean };

export interface InstanceSummary {
  id: string;
  name: string;
  status: string;
  status_message: string;
  status_reason: string;
  created: string;
  started?: string;
  completed?: string;
  application: { id: string; name: string; version: string };
  user: { id: string; name: string };
  resumable: boolean;
}

interface Item {
  name: string;
  value: string;
}

export interface Instance extends InstanceSummary {
  /** Where it waits, or waited last. */
  queue: { id: string; name: string } | null;
  parameters: Record<string, unknown>;
  hyperparams: Record<string, Record<string, Item>>;
  configuration: Record<string, Item>;
  last_metrics: Record<string, Record<string, { metric: string; variant: string; value: number }>>;
}

export interface ShownInstance {
  instance: Instance;
  app: { id: string; version: string; name: string; icon: string | null };
  dashboard: DashboardLine[];
}

export async function askApps(signal: AbortSignal): Promise<AppSummary[]> {
  return (await call<{ apps: AppSummary[] }>('apps.get_all', {}, { signal })).apps;
}

export async function askApp(app: string, version: string | undefined, signal: AbortSignal): Promise<App> {
  return (await call<{ app: App }>('apps.get_by_id', { app, version }, { signal })).app;
}

export async function askInstances(app: string, signal: AbortSignal): Promise<InstanceSummary[]> {
  const body = { app, page_size: 200 };
  return (await call<{ instances: InstanceSummary[] }>('apps.get_instances', body, { signal })).instances;
}

export function askInstance(task: string, signal: AbortSignal): Promise<ShownInstance> {
  return call('apps.get_instance', { task }, { signal });
}

export interface Choice {
  label: string;
  value: string;
}

export function askChoices(
  body: { app: string; version: string; field: string; search: string },
  signal: AbortSignal,
): Promise<{ choices: Choice[]; more: boolean }> {
  return call('apps.get_choices', body, { signal });
}

/** An asset as an address of this page, which a browser asks for without a session. */
export async function askAsset(
  app: string,
  version: string,
  name: string,
  signal: AbortSignal,
): Promise<string> {
  const response = await fetch(at('/api/apps.get_asset'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ app, version, name }),
    credentials: 'same-origin',
    signal,
  });
  if (!response.ok) throw new Error(`The asset ${name} is missing.`);
  return URL.createObjectURL(await response.blob());
}

/** Uploads a zip archive. */
export async function uploadApp(file: File): Promise<{ id: string; version: string; replaced: boolean }> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000)
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return call('apps.upload', { archive: btoa(text) });
}
