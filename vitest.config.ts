import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/**/test/**/*.test.ts', 'test/**/*.test.ts'],
    // A worker thread that ends while a zeromq socket waits aborts its whole process, so tests run in processes.
    pool: 'forks',
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // Tests use the built packages, as users and worker processes do.
    server: { deps: { external: [/\/dist\//] } },
  },
})
