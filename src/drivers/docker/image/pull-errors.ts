import { imageName } from '../../../container/policy/image-name.js';
import { AgentError } from '../../../errors.js';
import { NO_SPACE, type Refusal, refusal } from '../engine-errors.js';

/** What engines and registries say about images that cannot be pulled. The first row that fits applies. */
const PULL_REFUSALS: readonly Refusal[] = [
  NO_SPACE,
  {
    pattern: /toomanyrequests|rate limit|too many requests/i,
    code: 'DOCKER_IMAGE',
    message: 'the registry lets no more pulls through for now (rate limit)',
    infrastructure: true,
    hint: 'Log in with "docker login", wait, or use a mirror of the registry.',
  },
  {
    pattern:
      /no matching manifest for|does not (?:match|provide) the specified platform|no match for platform|no image found in .* for architecture/i,
    code: 'DOCKER_IMAGE',
    message: "there is none for this machine's processor",
    hint: 'Use an image of this architecture, or name another with --platform and install emulation.',
  },
  {
    pattern:
      /unauthorized|401 Unauthorized|403 Forbidden|authentication required|no basic auth|incorrect username|denied|forbidden/i,
    code: 'DOCKER_IMAGE',
    message: 'the registry gives no access',
    hint: 'Log in as the user of the agent with "docker login REGISTRY", or check the name; the engine does not tell a missing image from a closed one.',
  },
  {
    pattern:
      /manifest (for .* )?(not found|unknown)|not found: manifest|repository .* not found|name unknown|not found/i,
    code: 'DOCKER_IMAGE',
    message: 'the registry has no such image',
    hint: 'Check its name and tag.',
  },
  {
    pattern: /invalid reference format|repository name must be lowercase|invalid tag/i,
    code: 'DOCKER_IMAGE',
    message: 'this is not the name of an image',
  },
  {
    pattern:
      /no such host|connection refused|i\/o timeout|network is unreachable|deadline exceeded|TLS handshake|EOF$/i,
    code: 'DOCKER_IMAGE',
    message: 'the registry cannot be reached',
    infrastructure: true,
  },
  {
    pattern: /unexpected (?:HTTP )?status(?: code)?[^\n]*: (5\d\d)/i,
    code: 'DOCKER_IMAGE',
    message: 'the registry answers with an error of its own (HTTP $1)',
    infrastructure: true,
  },
  {
    pattern: /server gave HTTP response to HTTPS client/i,
    code: 'DOCKER_IMAGE',
    message: 'the registry does not speak HTTPS',
    hint: "Add it to insecure-registries in the engine's configuration.",
  },
  {
    pattern: /x509|certificate/i,
    code: 'DOCKER_IMAGE',
    message: "the registry's certificate does not hold",
    hint: "Put the authority's certificate into /etc/docker/certs.d on the engine's machine.",
  },
];

/** An image that could not be pulled: one line with the cause, the engine's own words beneath it. */
export function pullError(image: string, text: string, cause?: unknown): AgentError {
  const known = refusal(text, PULL_REFUSALS);
  const hint = known?.hint?.replace('REGISTRY', imageName(image).registry);
  const words = text.split('\n', 1)[0] ?? '';
  return new AgentError(known?.code ?? 'DOCKER_IMAGE', `cannot pull ${image}: ${known?.message ?? words}`, {
    ...(hint === undefined ? {} : { hint }),
    ...(known === undefined ? {} : { detail: text }),
    infrastructure: known?.infrastructure ?? false,
    cause,
  });
}
