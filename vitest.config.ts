import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['packages/**/test/**/*.test.ts', 'examples/test/**/*.test.ts', 'test/**/*.test.ts'],
    // A worker thread that ends while a zeromq socket waits aborts its whole process, so tests run in processes.
    pool: 'forks',
    // The tests start and kill processes of their own: more files at once than this and they only wait for each other.
    maxWorkers: 2,
    // Tests that say so run at once within a file: those of the wire of RPC, which wait for most of their time.
    maxConcurrency: 8,
    // A process takes ten seconds to start where others compute too; a limit costs nothing to a test that passes.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Tests use the built packages, as users and worker processes do: not transformed, so there is one of each class.
    server: { deps: { external: [/\/dist\//] } },
    // A test that only runs, and would pass whatever happened, fails.
    expect: { requireAssertions: true },
  },
})
