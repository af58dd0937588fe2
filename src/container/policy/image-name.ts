import { AgentError } from '../../errors.js';

/** Registry of images that name none. */
const DEFAULT_REGISTRY = 'docker.io';

/** An image with its registry written out, as Docker understands it: `busybox` is `docker.io/library/busybox`. */
export function imageName(image: string): { registry: string; full: string } {
  const [first = '', ...rest] = image.split('/');
  if (rest.length > 0 && isRegistry(first)) return { registry: first, full: image };
  const path = rest.length === 0 ? `library/${image}` : image;
  return { registry: DEFAULT_REGISTRY, full: `${DEFAULT_REGISTRY}/${path}` };
}

/** Docker 29 also takes a first part with upper case for a registry, Docker 20.10 for a mistake, which it is. */
function isRegistry(first: string): boolean {
  return /[.:]/.test(first) || first === 'localhost';
}

// The grammar of github.com/distribution/reference v0.6 (reference.go), which Docker and Podman share.
const REGISTRY =
  /^(?:(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])(?:\.(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]))*|\[[0-9A-Fa-f:]+\])(?::\d+)?$/;
const PART = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
/** Hexadecimal digits by algorithm. */
const DIGESTS: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };
/** Characters of a repository without its registry. */
const LONGEST = 255;

/**
 * Checks the name of an image before an engine is asked for it: `[registry[:port]/]repository[:tag][@digest]`, or the
 * id of an image.
 *
 * @throws AgentError DOCKER_IMAGE with the name and what is wrong with it
 */
export function checkImageName(image: string): void {
  const problem = imageProblem(image);
  if (problem === undefined) return;
  throw new AgentError('DOCKER_IMAGE', `malformed image name "${visible(image)}": ${problem}`, {
    hint: 'Name it like python:3.12 or registry.example.com:5000/team/image:tag; arguments have a field of their own.',
  });
}

/** What is wrong with the name of an image; `undefined` for one that makes sense. */
export function imageProblem(image: string): string | undefined {
  if (image === '') return 'it is empty';
  if (isDigest(image)) return undefined;
  const hidden = /[\p{C}\p{Z}]/u.exec(image)?.[0];
  if (hidden !== undefined)
    return /^\s$/.test(hidden) ? 'it has blanks in it' : 'it has invisible characters in it';
  if (/^[a-z]+:\/\//i.test(image)) return 'it is an address, not the name of an image';
  const [name = '', ...digests] = image.split('@');
  const [digest] = digests;
  if (digest !== undefined && (digests.length > 1 || !isDigest(digest)))
    return 'its digest is not sha256: with 64 lower-case hexadecimal digits';
  const [, tagless = name, tag] = /^(.*):([^/]*)$/s.exec(name) ?? [];
  if (tag !== undefined && !TAG.test(tag))
    return 'its tag is not up to 128 letters, digits, "_", "." and "-", the first no "." or "-"';
  return repositoryProblem(tagless);
}

function repositoryProblem(name: string): string | undefined {
  const [first = '', ...rest] = name.split('/');
  const registry = rest.length > 0 && isRegistry(first);
  if (registry && !REGISTRY.test(first)) return 'its registry is no host with an optional port';
  const parts = registry ? rest : [first, ...rest];
  const repository = parts.join('/');
  if (repository === '') return 'it has no repository';
  if (/[A-Z]/.test(repository)) return 'the repository must be in lower case';
  if (!parts.every((part) => PART.test(part)))
    return 'its repository is not lower-case letters and digits with single ".", "_", "__" or "-" between them';
  return repository.length > LONGEST ? `its repository is longer than ${LONGEST} characters` : undefined;
}

/** Also the id of an image. */
function isDigest(text: string): boolean {
  const [, algorithm = '', digits = ''] = /^([a-z0-9]+):([0-9a-f]+)$/.exec(text) ?? [];
  return Object.hasOwn(DIGESTS, algorithm) && digits.length === DIGESTS[algorithm];
}

/** Characters that are invisible, by their number. */
function visible(text: string): string {
  const shown = text.replace(/[\p{C}\p{Z}]/gu, (one) =>
    one === ' ' ? one : `\\u{${(one.codePointAt(0) ?? 0).toString(16)}}`,
  );
  return shown.length > 300 ? `${shown.slice(0, 300)}…` : shown;
}
