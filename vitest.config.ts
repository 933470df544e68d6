import { configDefaults, defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

/** Programs as a user starts them: the examples, those in the pages, the commands, the peers in other languages, workers that die and that come from elsewhere, full disks, chaos. */
const PROGRAMS = [
  'examples/test/**/*.test.ts',
  'packages/bench/test/**/*.test.ts',
  'packages/cli/test/**/*.test.ts',
  'packages/interop/test/**/*.test.ts',
  'packages/actors/test/farm/*chaos.test.ts',
  'packages/actors/test/farm/{farm-death,remote,hostile-worker,durable-full-disk}.test.ts',
  'packages/actors/test/**/programs.test.ts',
  'packages/actors/test/supervisor/stop-on-signals.test.ts',
  'test/pages.test.ts',
]
const ACTORS = ['packages/actors/test/**/*.test.ts']

const project = (name: string, test: NonNullable<TestProjectInlineConfiguration['test']>) =>
  ({
    test: {
      name,
      // A worker thread that ends while a zeromq socket waits aborts its whole process, so tests run in processes.
      pool: 'forks',
      // Tests that say so run at once within a file: those of the wire of RPC, which wait for most of their time.
      maxConcurrency: 8,
      // A process takes ten seconds to start where others compute too; a limit costs nothing to a test that passes.
      testTimeout: 60_000,
      hookTimeout: 60_000,
      // Tests use the built packages, as users and worker processes do: not transformed, so there is one of each class.
      server: { deps: { external: [/\/dist\//] } },
      // A test that only runs, and would pass whatever happened, fails.
      expect: { requireAssertions: true },
      setupFiles: ['test/setup.ts'],
      ...test,
    },
  }) satisfies TestProjectInlineConfiguration

export default defineConfig({
  test: {
    // The tests start and kill processes of their own: more files at once than this and they only wait for each other.
    maxWorkers: 2,
    projects: [
      project('actors', { include: ACTORS, exclude: [...configDefaults.exclude, ...PROGRAMS] }),
      project('sockets', {
        // All that is left, so that no file is in none.
        include: ['packages/**/test/**/*.test.ts', 'test/**/*.test.ts'],
        exclude: [...configDefaults.exclude, ...ACTORS, ...PROGRAMS],
        // One process takes a file after the other: to start one for each takes as long as half of the tests. What the
        // files import is then evaluated once, so a hook must stand in each file that needs it.
        isolate: false,
      }),
      project('programs', { include: PROGRAMS }),
    ],
  },
})
