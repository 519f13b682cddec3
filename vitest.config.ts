import type { ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = {
  test: {
    include: ['test/**/*.test.ts'],
    // Goldens are compared, never written, in CI.
    environment: 'node',
    // Runs of tests are kept nowhere, but where a test says so.
    env: { DAGRUN_STORE: 'memory:' },
    testTimeout: 20_000,
  },
};

export default config;
