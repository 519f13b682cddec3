import type { UserConfig } from 'tsdown';

const config: UserConfig[] = [
  {
    // The library keeps its dependencies external, so that its users share them.
    entry: { 'engine/index': 'engine/index.ts' },
    outDir: 'dist',
    platform: 'node',
    target: 'node20',
    dts: true,
    clean: true,
    fixedExtension: false,
  },
  {
    // The command is bundled: fewer files to open is the largest part of a quick start.
    entry: { 'cli/main': 'cli/main.ts' },
    outDir: 'dist',
    platform: 'node',
    target: 'node20',
    dts: false,
    clean: false,
    // A fifth of the start was reading text that nobody reads.
    minify: true,
    fixedExtension: false,
    // Native code, what looks for it, and what loads parts of itself by path stay where npm put them.
    deps: { alwaysBundle: [/^(?!libsql|@libsql|pg-native|jiti).*/], neverBundle: ['libsql', 'pg-native', 'jiti'] },
  },
];

export default config;
