/**
 * The commands of the workspace on a machine that has Node and npm alone: `npm start`, `npm test`, and those of
 * COMMANDS by `npm run`. Each installs what is missing, builds what is stale, and runs. The exit code is that of what ran.
 */
import './node-version.mjs'
import { join } from 'node:path'
import { build, TSC } from './build.mjs'
import { runNode } from './child.mjs'
import { install } from './install.mjs'
import { withLock } from './lock.mjs'
import { ROOT } from './workspace.mjs'

/** @typedef {readonly [file: string, ...args: string[]]} Program of Node, one after the other until one fails. */

/** @type {Readonly<Record<string, readonly Program[]>>} */
const COMMANDS = {
  start: [['examples/dist/main-job/main.js']],
  test: [['node_modules/vitest/vitest.mjs', 'run', '--project', 'actors', '--project', 'sockets']],
  'test:programs': [['node_modules/vitest/vitest.mjs', 'run', '--project', 'programs']],
  // The test that finds stale diagrams writes them too.
  diagrams: [['node_modules/vitest/vitest.mjs', 'run', 'packages/actors/test/inspect/lifecycles.test.ts', '--update']],
  bench: [['packages/bench/dist/main.js']],
  differential: [['node_modules/tsx/dist/cli.mjs', 'packages/interop/test/otp/main.ts']],
  chaos: [['node_modules/tsx/dist/cli.mjs', 'packages/actors/test/chaos-main.ts']],
  fuzz: [['node_modules/tsx/dist/cli.mjs', 'packages/actors/test/fuzz/main.ts']],
  'chaos polyglot': [['node_modules/tsx/dist/cli.mjs', 'packages/interop/test/chaos-main.ts']],
  build: [],
  check: [
    ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'],
    [TSC, '-p', 'tsconfig.test.json'],
    [TSC, '-p', 'scripts/tsconfig.json'],
  ],
}

process.exitCode = await main(process.argv.slice(2))

/** @param {readonly string[]} argv */
async function main([name = '', ...rest]) {
  // npm takes the first -- away, pnpm leaves it in.
  const args = rest[0] === '--' ? rest.slice(1) : rest
  // A play that stands in a package above the others has a program of its own.
  const programs = [`${name} ${args[0]}`, name].flatMap((one) =>
    Object.hasOwn(COMMANDS, one) ? [COMMANDS[one]] : [],
  )[0]
  if (programs === undefined) {
    console.error(`usage: node scripts/run.mjs ${Object.keys(COMMANDS).join(' | ')} [-- ARGUMENTS]`)
    return 2
  }
  const setUp = await withLock(join(ROOT, '.troupe', 'set-up.lock'), async () => (await install()) || (await build()))
  if (setUp !== 0) return setUp
  for (const [file, ...own] of programs) {
    const code = await runNode(file, [...own, ...args])
    if (code !== 0) return code
  }
  return 0
}
