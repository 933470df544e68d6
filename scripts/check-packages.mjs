/**
 * `npm run check:packages`: packs what is published, has publint and arethetypeswrong judge it, then installs it in an
 * empty project and runs it there, as a stranger would.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runNode, runNpm } from './child.mjs'
import { manifestOf, packageFolders, ROOT } from './workspace.mjs'

const TASKS = `
import { task } from '@troupe/actors/farm'
import { z } from 'zod'
export const double = task({ name: 'double', input: z.number(), output: z.number(), run: (n) => 2 * n })
`

const folder = mkdtempSync(join(tmpdir(), 'packed-'))
try {
  await judge(await pack())
  await useAsAStranger()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Packs by pnpm, which puts versions where the workspace has links. */
async function pack() {
  const { packageManager = 'pnpm' } = manifestOf(ROOT)
  const published = packageFolders().filter((one) => !manifestOf(one).private)
  const filters = published.map((one) => `--filter=${manifestOf(one).name}`)
  const args = ['--yes', packageManager, ...filters, 'pack', '--pack-destination', folder]
  await expectSuccess(runNpm('npx', args, { stdio: ['ignore', 'ignore', 'inherit'] }), 'pnpm pack')
  const files = tarballs()
  if (files.length !== published.length) throw new Error(`${published.length} packages made ${files.length} tarballs`)
  return files
}

/** @param {readonly string[]} files */
async function judge(files) {
  for (const file of files) {
    await expectSuccess(runNode('node_modules/publint/src/cli.js', [file, '--strict']), `publint ${file}`)
    const attw = ['--profile', 'esm-only', '--format', 'ascii', '--quiet', file]
    await expectSuccess(runNode('node_modules/@arethetypeswrong/cli/dist/index.js', attw), `attw ${file}`)
  }
}

async function useAsAStranger() {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  writeFileSync(join(folder, 'tasks.js'), TASKS)
  const install = ['install', '--no-audit', '--no-fund', '--prefer-offline', 'zod', 'prom-client', ...tarballs()]
  await expectSuccess(runNpm('npm', install, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] }), 'npm install')
  const output = execFileSync('npx', ['troupe', 'map', 'tasks.js', '--quiet'], {
    cwd: folder,
    input: '1\n2\n3\n',
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (output !== '2\n4\n6\n') throw new Error(`npx troupe map printed ${JSON.stringify(output)}`)
  for (const door of doors()) {
    for (const load of [`import(${JSON.stringify(door)})`, `Promise.resolve(require(${JSON.stringify(door)}))`]) {
      const code = `${load}.then((names) => process.stdout.write(String(Object.keys(names).length > 0)))`
      const args = ['--input-type=commonjs', '--disable-warning=ExperimentalWarning', '-e', code]
      const loaded = execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
      if (loaded !== 'true') throw new Error(`${load} gives ${loaded}`)
    }
  }
  console.log('Packed, judged, installed elsewhere and run.')
}

/** What can be imported of the packages. */
function doors() {
  return packageFolders()
    .map(manifestOf)
    .filter(({ private: isPrivate, exports }) => !isPrivate && exports !== undefined)
    .flatMap(({ name, exports }) =>
      Object.keys(exports ?? {})
        .filter((door) => !door.endsWith('.json'))
        .map((door) => name + door.slice(1)),
    )
}

function tarballs() {
  return readdirSync(folder).flatMap((name) => (name.endsWith('.tgz') ? join(folder, name) : []))
}

/**
 * @param {Promise<number>} run
 * @param {string} what
 */
async function expectSuccess(run, what) {
  const code = await run
  if (code !== 0) throw new Error(`${what} ended with ${code}`)
}
