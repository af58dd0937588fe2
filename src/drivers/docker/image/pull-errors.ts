import { AgentError, type ErrorCode } from '../../../errors.js';
import { imageName } from '../policy/image-name.js';

interface PullRefusal {
  pattern: RegExp;
  code?: ErrorCode;
  cause: string;
  hint?: string;
}

/** What engines and registries say about images that cannot be had. The first row that fits counts. */
const PULL_REFUSALS: readonly PullRefusal[] = [
  {
    pattern: /no space left on device/i,
    code: 'DISK_FULL',
    cause: 'no space left on the disk of the container engine',
    hint: 'Remove images and containers that are not needed: docker system prune.',
  },
  {
    pattern: /toomanyrequests|rate limit|too many requests/i,
    cause: 'the registry lets no more pulls through for now (rate limit)',
    hint: 'Log in with "docker login", wait, or use a mirror of the registry.',
  },
  {
    pattern:
      /no matching manifest for|does not (?:match|provide) the specified platform|no match for platform|no image found in .* for architecture/i,
    cause: "there is none for this machine's processor",
    hint: 'Use an image of this architecture, or name another with --platform and install emulation.',
  },
  {
    pattern:
      /unauthorized|401 Unauthorized|403 Forbidden|authentication required|no basic auth|incorrect username|denied|forbidden/i,
    cause: 'the registry gives no access',
    hint: 'Log in as the user of the agent with "docker login REGISTRY", or check the name; the engine does not tell a missing image from a closed one.',
  },
  {
    pattern:
      /manifest (for .* )?(not found|unknown)|not found: manifest|repository .* not found|name unknown|not found/i,
    cause: 'the registry has no such image',
    hint: 'Check its name and tag.',
  },
  {
    pattern: /invalid reference format|repository name must be lowercase|invalid tag/i,
    cause: 'this is not the name of an image',
  },
  {
    pattern:
      /no such host|connection refused|i\/o timeout|network is unreachable|deadline exceeded|TLS handshake|EOF$/i,
    cause: 'the registry cannot be reached',
  },
  {
    pattern: /server gave HTTP response to HTTPS client/i,
    cause: 'the registry does not speak HTTPS',
    hint: "Add it to insecure-registries in the engine's configuration.",
  },
  {
    pattern: /x509|certificate/i,
    cause: "the registry's certificate does not hold",
    hint: "Put the authority's certificate into /etc/docker/certs.d on the engine's machine.",
  },
];

/** An image that could not be pulled: one line with the cause, the engine's own words beneath it. */
export function pullError(image: string, text: string, cause?: unknown): AgentError {
  const known = PULL_REFUSALS.find(({ pattern }) => pattern.test(text));
  const hint = known?.hint?.replace('REGISTRY', imageName(image).registry);
  const words = text.split('\n', 1)[0] ?? '';
  return new AgentError(known?.code ?? 'DOCKER_IMAGE', `cannot pull ${image}: ${known?.cause ?? words}`, {
    ...(hint === undefined ? {} : { hint }),
    ...(known === undefined ? {} : { detail: text }),
    cause,
  });
}
