# The agent in a container; docs/containers.md says how to run it.
# BASE is any Debian-like image with Node 20.19 or later. What it has already is not installed again.
ARG BASE=node:22-slim

FROM ${BASE} AS build
# For a package registry, or certificate authorities, of one's own.
ARG NPM_CONFIG_REGISTRY
ARG NPM_CONFIG_CAFILE
WORKDIR /build
COPY package.json package-lock.json .npmrc tsconfig.json ./
RUN npm ci --ignore-scripts
COPY src ./src
COPY web ./web
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM ${BASE}
RUN for program in git ssh python3 tini; do \
      command -v "$program" >/dev/null || missing=yes; \
    done; \
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing=yes; \
    test -s /etc/ssl/certs/ca-certificates.crt || missing=yes; \
    if [ -n "$missing" ]; then \
      apt-get update \
      && apt-get install -y --no-install-recommends \
           ca-certificates git openssh-client python3 python3-venv tini \
      && rm -rf /var/lib/apt/lists/*; \
    fi
# A release of uv, such as 0.8.4, makes environments in a fraction of pip's time.
ARG UV_VERSION
RUN if [ -n "$UV_VERSION" ]; then \
      python3 -m venv /opt/uv \
      && /opt/uv/bin/pip install --no-cache-dir "uv==$UV_VERSION" \
      && ln -s /opt/uv/bin/uv /usr/local/bin/uv; \
    fi
RUN id node >/dev/null 2>&1 || useradd --create-home --shell /bin/sh node
WORKDIR /opt/clearml-agent
COPY package.json LICENSE ./
COPY bin ./bin
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
RUN ln -s /opt/clearml-agent/bin/agent.js /usr/local/bin/agent \
    && ln -s /opt/clearml-agent/bin/agent.js /usr/local/bin/clearml-agent

# The path that ClearML's chart starts; its container need not be root.
RUN printf '%s\n' '#!/bin/sh' 'exec tini -- agent entrypoint' > /root/entrypoint.sh \
    && touch /root/.bashrc && chmod 755 /root/entrypoint.sh && chmod 711 /root

# Where the check below asks; on the loopback interface of the container.
ENV CLEARML_AGENT__AGENT__METRICS__PORT=9101
HEALTHCHECK --interval=1m --timeout=10s --start-period=1m CMD ["agent", "entrypoint", "--health"]
# The socket of an engine belongs to root or to a group: compose files and docs/containers.md say who to be then.
USER node
WORKDIR /home/node
# Processes that tasks leave behind become children of tini, which clears up after them.
ENTRYPOINT ["tini", "--", "agent"]
CMD ["entrypoint"]
