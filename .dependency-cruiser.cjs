/** The rings of ARCHITECTURE.md: a folder imports only what stands before it. */
const ring = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: from },
  to: { path: '^(engine|cli)/', pathNot: allowed },
});

const ring0 = '^engine/(base|contracts)/';

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-dev-dependency',
      severity: 'error',
      from: { path: '^(engine|cli)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    ring('base-knows-nothing', '^engine/base/', '^engine/base/'),
    ring('contracts-know-base', '^engine/contracts/', ring0),
    ...['diagnostics', 'source', 'lang'].map((folder) =>
      ring(`${folder}-is-ring-1`, `^engine/${folder}/`, `^engine/(base|contracts|${folder})/`),
    ),
    ...['syntax', 'check', 'plan'].map((folder) =>
      ring(`${folder}-is-ring-2`, `^engine/${folder}/`, `^engine/(base|contracts|diagnostics|source|lang|${folder})/`),
    ),
    ...['models', 'providers', 'tools', 'nodes', 'store'].map((folder) =>
      ring(`${folder}-is-ring-3`, `^engine/${folder}/`, `^engine/(base|contracts|diagnostics|source|lang|${folder})/`),
    ),
    ring('run-is-ring-4', '^engine/run/', '^engine/(base|contracts|diagnostics|source|lang|run)/'),
    ring('observe-reads-what-ran', '^engine/observe/', '^engine/(base|contracts|diagnostics|source|lang|run|observe)/'),
    ring('shells-drive-run', '^engine/shells/', '^engine/(base|contracts|diagnostics|source|lang|run|shells)/'),
    ring('testing-is-ring-5', '^engine/testing/', '^engine/(?!index\\.ts$)'),
    ring('cli-uses-the-public-api', '^cli/', '^(cli/|engine/index\\.ts$)'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
