import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Goldens are compared, never written, in CI.
    environment: 'node',
    testTimeout: 20_000,
  },
});
