import type { ViteUserConfig } from 'vitest/config';

const config: ViteUserConfig = {
  test: {
    include: ['test/**/*.test.ts'],
    // Goldens are compared, never written, in CI.
    environment: 'node',
    testTimeout: 20_000,
  },
};

export default config;
