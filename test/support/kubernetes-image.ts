import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { pack } from 'tar-stream';
import { machineLayer } from './machine-image.js';

export interface LoadedImage {
  name: string;
  layer: Uint8Array;
  /** Of the image's configuration. */
  config?: Record<string, unknown>;
}

/** Puts an image of one layer into containerd, without a registry. */
export async function loadImage(folder: string, socket: string, image: LoadedImage): Promise<void> {
  const { name, layer, config = {} } = image;
  const digest = createHash('sha256').update(layer).digest('hex');
  const description = JSON.stringify({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
  });
  const manifest = [{ Config: 'config.json', RepoTags: [name], Layers: ['layer.tar'] }];
  const archive = await archiveOf({
    'manifest.json': Buffer.from(JSON.stringify(manifest)),
    'config.json': Buffer.from(description),
    'layer.tar': layer,
  });
  const file = path.join(folder, `${digest.slice(0, 12)}.tar`);
  writeFileSync(file, archive);
  await execa('ctr', ['-a', socket, '-n', 'k8s.io', 'images', 'import', file]);
}

export async function archiveOf(files: Record<string, Uint8Array>): Promise<Uint8Array> {
  const archive = pack();
  for (const [name, content] of Object.entries(files))
    archive.entry({ name, mode: 0o755 }, Buffer.from(content));
  archive.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** A Debian with a shell, tar and Python. */
export function pythonLayer(folder: string): Promise<Uint8Array> {
  return machineLayer(folder, {
    packages: [
      'dash',
      'bash',
      'coreutils',
      'procps',
      'tar',
      'gzip',
      'python3',
      'python3-venv',
      'ca-certificates',
    ],
  });
}
