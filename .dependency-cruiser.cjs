/** Import direction, from the top: each folder may import those of its own row and of the rows below. */
const layers = [
  'cli',
  'daemon',
  '(task|runs)',
  '(repository|python|drivers)',
  'container',
  '(gpu|logs|api|config|monitor|secrets)',
  'packaging',
  'os',
];
const upward = layers.flatMap((lower, i) =>
  i === 0
    ? []
    : [
        {
          name: `no-upward-from-${lower.replace(/\W+/g, '-')}`,
          severity: 'error',
          from: { path: `^src/${lower}/` },
          to: { path: `^src/(${layers.slice(0, i).join('|')}|server)/` },
        },
      ],
);
const only = (name, library, allowed) => ({
  name: `only-${name}`,
  severity: 'error',
  from: { path: '^src/', pathNot: allowed },
  to: { path: library },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'no-orphans', severity: 'error', from: { orphan: true, pathNot: '\\.d\\.ts$|src/index\\.ts$' }, to: {} },
    ...upward,
    { name: 'errors-import-nothing', severity: 'error', from: { path: '^src/errors\\.ts$' }, to: { path: '^src/' } },
    { name: 'server-stands-alone', severity: 'error', from: { path: '^src/server/' }, to: { path: '^src/', pathNot: '^src/(server|config|os)/|^src/errors\\.ts$' } },
    { name: 'drivers-apart', severity: 'error', from: { path: '^src/drivers/([^/]+)/' }, to: { path: '^src/drivers/([^/]+/|registry)', pathNot: '^src/drivers/($1|container)/' } },
    { name: 'container-places-know-no-driver', severity: 'error', from: { path: '^src/drivers/container/' }, to: { path: '^src/drivers/', pathNot: '^src/drivers/(container/|driver\\.ts$|module\\.ts$|host-files\\.ts$)' } },
    { name: 'python-and-repository-see-the-contract', severity: 'error', from: { path: '^src/(python|repository)/' }, to: { path: '^src/drivers/', pathNot: '^src/drivers/driver\\.ts$' } },
    { name: 'no-driver-by-name', severity: 'error', from: { path: '^src/', pathNot: '^src/drivers/' }, to: { path: '^src/drivers/', pathNot: '^src/drivers/(driver|module|registry)\\.ts$' } },
    only('os-spawns', '^(node:)?child_process$|node_modules/(execa|tree-kill)/', '^src/os/'),
    only('config-and-os-read-the-environment', '^(node:)?process$', '^src/(config|os)/'),
    only('drivers-docker-imports-dockerode', 'node_modules/dockerode/', '^src/drivers/docker/'),
    only('drivers-kubernetes-imports-its-client', 'node_modules/(@kubernetes/client-node|ws)/', '^src/drivers/kubernetes/'),
    only('api-speaks-http', 'node_modules/axios/', '^src/api/'),
    only('repository-imports-simple-git', 'node_modules/simple-git/', '^src/repository/'),
    only('packaging-compares-versions', 'node_modules/@renovatebot/pep440/', '^src/packaging/'),
    only('monitor-traces', 'node_modules/@opentelemetry/', '^src/monitor/tracing/'),
    only('server-packs-applications', 'node_modules/(yauzl|yazl)/', '^src/server/apps/archive/'),
    only('server-imports-fastify', 'node_modules/(fastify|@fastify|libsql|re2js|bcryptjs)/', '^src/(server|monitor)/'),
  ],
  options: { doNotFollow: { path: 'node_modules' }, tsPreCompilationDeps: true, tsConfig: { fileName: 'tsconfig.json' }, enhancedResolveOptions: { conditionNames: ['import', 'require', 'node', 'default', 'types'], exportsFields: ['exports'] } },
};
