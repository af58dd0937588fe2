/** Registry of images that name none. */
const DEFAULT_REGISTRY = 'docker.io';

/** An image with its registry written out, as Docker understands it: `busybox` is `docker.io/library/busybox`. */
export function imageName(image: string): { registry: string; full: string } {
  const [first = '', ...rest] = image.split('/');
  if (rest.length > 0 && (/[.:]/.test(first) || first === 'localhost'))
    return { registry: first, full: image };
  const path = rest.length === 0 ? `library/${image}` : image;
  return { registry: DEFAULT_REGISTRY, full: `${DEFAULT_REGISTRY}/${path}` };
}
