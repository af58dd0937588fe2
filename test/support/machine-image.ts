import fs from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import type { DockerEngine } from './docker-engine.js';

/** Documentation and translations, most of the files and of no use here. */
const LEFT_OUT = /^\/usr\/share\/(doc|man|locale|info|lintian|bug)\//;
/** Places that no package brings, or whose content is made when packages are set up. */
const ALSO = ['/etc/ssl/certs/ca-certificates.crt'];
/** Without the users of this machine. */
const USERS = {
  passwd: 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n',
  group: 'root:x:0:\nnogroup:x:65534:\n',
};
const FOLDERS = ['dev', 'proc', 'sys', 'run', 'tmp', 'root', 'home', 'var/tmp', 'usr/local/bin', 'etc'];

export interface MachineImage {
  /** Packages that are installed on this machine; what they depend on comes along. */
  packages: readonly string[];
  /** Further files or folders of this machine. */
  files?: readonly string[];
  /** Dockerfile lines: `ENV A=b`. */
  changes?: readonly string[];
  /** With dpkg's records of the packages, so that more can be installed in the image. */
  records?: true;
}

/**
 * An image of a Debian or Ubuntu, put together from the packages of this machine within seconds, without a
 * registry or a mirror.
 */
export async function makeMachineImage(
  engine: Pick<DockerEngine, 'folder' | 'docker'>,
  tag: string,
  { changes = [], ...image }: MachineImage,
): Promise<void> {
  const layer = await machineLayer(engine.folder, image);
  const flags = changes.flatMap((change) => ['--change', change]);
  await engine.docker(['import', ...flags, '-', tag], { input: layer });
}

/**
 * The tar archive that is the only layer of such an image.
 *
 * @param parent folder for temporary files
 */
export async function machineLayer(
  parent: string,
  { packages, files = [], records }: Omit<MachineImage, 'changes'>,
): Promise<Uint8Array> {
  const names = await withDependencies(packages);
  const { stdout } = await execa('dpkg', ['-L', ...names], BIG);
  const folders = await Promise.all(files.map(filesBelow));
  const listed = [...stdout.split('\n'), ...ALSO, ...files, ...folders.flat()].filter(
    (file) => /^\/.*\//.test(file) && !LEFT_OUT.test(file),
  );
  const skeleton = makeSkeleton(parent);
  if (records) addRecords(skeleton, new Set(names));
  const archive = await execa('tar', ['-c', '-C', skeleton, '.', '-C', '/', '--no-recursion', '-T', '-'], {
    ...BIG,
    encoding: 'buffer',
    input: [...new Set(listed.flatMap(inItsRealFolder))].join('\n'),
  });
  return archive.stdout;
}

const DPKG = '/var/lib/dpkg';
const MANAGER_FOLDERS = [
  ...['updates', 'triggers', 'alternatives'].map((name) => `${DPKG}/${name}`),
  ...['/var/lib/apt/lists/partial', '/var/cache/apt/archives/partial', '/var/log/apt'],
  ...['apt.conf.d', 'preferences.d', 'sources.list.d'].map((name) => `/etc/apt/${name}`),
];

/** What dpkg knows of these packages and no others, and where Debian's own come from. */
function addRecords(root: string, names: ReadonlySet<string>): void {
  for (const folder of [...MANAGER_FOLDERS, `${DPKG}/info`])
    fs.mkdirSync(path.join(root, folder), { recursive: true });
  const status = fs.readFileSync(`${DPKG}/status`, 'utf8').split('\n\n');
  const own = status.filter((entry) => names.has(/^Package: (.*)$/m.exec(entry)?.[1] ?? ''));
  fs.writeFileSync(path.join(root, DPKG, 'status'), `${own.join('\n\n')}\n`);
  for (const file of fs.readdirSync(`${DPKG}/info`)) {
    const owner = /^(.+?)(?::[^.]+)?\.[^.]+$/.exec(file)?.[1] ?? file;
    if (names.has(owner) || file === 'format')
      fs.copyFileSync(`${DPKG}/info/${file}`, path.join(root, DPKG, 'info', file));
  }
  const sources = '/etc/apt/sources.list.d/debian.sources';
  fs.copyFileSync(sources, path.join(root, sources));
}

const BIG = { maxBuffer: 1024 * 1024 * 1024 } as const;

/** The packages and all that they depend on, as far as it is installed. */
async function withDependencies(packages: readonly string[]): Promise<string[]> {
  const format = '${Package}\t${Depends}, ${Pre-Depends}\t${Provides}\n';
  const { stdout } = await execa('dpkg-query', ['-W', '-f', format], BIG);
  const needs = new Map<string, string[][]>();
  const providers = new Map<string, string>();
  for (const line of stdout.split('\n')) {
    const [name = '', depends = '', provides = ''] = line.split('\t');
    needs.set(
      name,
      depends.split(',').map((any) => any.split('|').map(bareName)),
    );
    for (const provided of provides.split(',')) providers.set(bareName(provided), name);
  }
  const found = new Set<string>();
  const installed = (name: string) => (needs.has(name) ? name : providers.get(name));
  const visit = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    for (const any of needs.get(name) ?? []) {
      const need = any.map(installed).find((one) => one !== undefined && one !== '');
      if (need !== undefined) visit(need);
    }
  };
  for (const name of packages) visit(installed(name) ?? name);
  return [...found];
}

/** `libc6:any (>= 2.36)` → `libc6` */
function bareName(text: string): string {
  return /^[^\s(:]*/.exec(text.trim())?.[0] ?? '';
}

async function filesBelow(folder: string): Promise<string[]> {
  if (!fs.statSync(folder).isDirectory()) return [];
  const entries = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return entries.map((entry) => path.join(folder, entry));
}

/**
 * Packages name files by the old places (`/bin/sh`), which are links nowadays; in the archive each file stands
 * where it really is. Folders are left out: they come into being with their files.
 */
function inItsRealFolder(file: string): string[] {
  const entry = fs.lstatSync(file, { throwIfNoEntry: false });
  if (entry === undefined || entry.isDirectory()) return [];
  return [path.join(fs.realpathSync(path.dirname(file)), path.basename(file)).slice(1)];
}

function makeSkeleton(parent: string): string {
  const root = fs.mkdtempSync(path.join(parent, 'root-'));
  fs.chmodSync(root, 0o755);
  for (const folder of FOLDERS) fs.mkdirSync(path.join(root, folder), { recursive: true });
  for (const folder of ['tmp', 'var/tmp']) fs.chmodSync(path.join(root, folder), 0o1777);
  for (const [name, text] of Object.entries(USERS)) fs.writeFileSync(path.join(root, 'etc', name), text);
  for (const name of ['bin', 'sbin', 'lib', 'lib64', 'lib32', 'libx32']) {
    const entry = fs.lstatSync(`/${name}`, { throwIfNoEntry: false });
    if (entry?.isSymbolicLink()) {
      fs.symlinkSync(fs.readlinkSync(`/${name}`), path.join(root, name));
      fs.mkdirSync(path.join(root, fs.readlinkSync(`/${name}`)), { recursive: true });
    }
  }
  return root;
}
