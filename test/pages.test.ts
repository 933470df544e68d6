/**
 * The code on the pages is compiled and run, as a reader would who puts it into an empty folder: compiled once for all,
 * since tsx takes as long to start as most of the programs take to run. tsx runs those that name a TypeScript module.
 */
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { filesUnder } from './files-under.js'
import { type PageFile, programsOf } from './pages/programs-of.js'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const PAGES = filesUnder(ROOT).filter((path) => /^(README|docs\/.+|packages\/.+\/README)\.md$/.test(path))

/** Programs that need arguments, or whose output the page cannot know. */
const OTHERS: Readonly<Record<string, { args?: string[]; prints: RegExp }>> = {
  'README.md main.mts': {
    args: ['main.mts', 'digest.mts'],
    prints: /^[0-9a-f]{64} main\.mts, [0-9a-f]{64} digest\.mts$/,
  },
  'docs/farm.md main.mjs': { prints: /^[0-9a-f]{64} main\.mjs, [0-9a-f]{64} tasks\.mjs$/ },
}

const files = PAGES.flatMap((page) =>
  programsOf(readFileSync(join(ROOT, page), 'utf8')).map((file) => ({ page, id: `${page} ${file.name}`, ...file })),
)
const programs = files.filter(({ isProgram }) => isProgram)

const root = mkdtempSync(join(tmpdir(), 'troupe-pages-'))
const COMPILED = 'compiled'
const nameOf = (page: string) => page.replaceAll('/', '-')
const folderOf = (page: string) => join(root, nameOf(page))
const outputs = new Map<string, Promise<string>>()
let typeErrors: string

beforeAll(async () => {
  // The examples depend on all that a reader would install.
  symlinkSync(join(ROOT, 'examples', 'node_modules'), join(root, 'node_modules'), 'junction')
  for (const { page, name, text } of files) {
    mkdirSync(folderOf(page), { recursive: true })
    writeFileSync(join(folderOf(page), name), text)
  }
  typeErrors = await compile()
  const left = [...programs]
  const runInTurn = async () => {
    for (let program = left.shift(); program !== undefined; program = left.shift()) {
      const output = outputOf(program)
      outputs.set(program.id, output)
      await output.catch(() => undefined)
    }
  }
  await Promise.all([runInTurn(), runInTurn()])
}, 600_000)

afterAll(() => rmSync(root, { recursive: true }))

describe('the code on the pages', () => {
  it('is found', () => {
    expect(programs.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['packages/patterns/pair/README.md pipe.mts', ...Object.keys(OTHERS)]),
    )
    expect(files.filter(({ isProgram }) => !isProgram).map(({ id }) => id)).toContain('docs/actors.md shout.mjs')
  })

  it('that is TypeScript has no error of type', () => {
    expect(typeErrors).toBe('')
  })

  it.each(programs)('$id prints what the page says, and ends by itself', async ({ id, prints }) => {
    const said = OTHERS[id]?.prints ?? prints
    expect(said, 'no comment behind its console.log says what it prints').toBeDefined()
    const printed = (await outputs.get(id))?.trimEnd().split('\n').join(', ')
    expect(printed).toEqual(said instanceof RegExp ? expect.stringMatching(said) : said)
  })
})

/** Compiles the TypeScript of all pages; what is said of it is its errors. */
async function compile(): Promise<string> {
  const compilerOptions = {
    ...{ target: 'ES2022', lib: ['ES2023', 'ESNext.Disposable'], module: 'NodeNext', strict: true },
    ...{
      types: ['node'],
      typeRoots: [join(ROOT, 'node_modules', '@types')],
      rootDir: root,
      outDir: join(root, COMPILED),
    },
  }
  writeFileSync(join(root, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*/*.ts', '*/*.mts'] }))
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  const { stdout } = await run(process.execPath, [tsc, '-p', root]).catch((error: { stdout: string }) => error)
  return stdout
}

async function outputOf({ page, id, name, text }: PageFile & { page: string; id: string }): Promise<string> {
  const options = { cwd: folderOf(page), timeout: 60_000 }
  const command = [...commandFor(page, name, text), ...(OTHERS[id]?.args ?? [])]
  const { stdout, stderr } = await run(process.execPath, command, options)
  return stdout + stderr
}

/** JavaScript is for Node as it is; a program whose workers load a TypeScript module is for tsx, as the pages say. */
function commandFor(page: string, name: string, text: string): string[] {
  if (name.endsWith('js')) return [name]
  if (/new URL\('[^']+ts', import\.meta\.url\)/.test(text)) return ['--import', import.meta.resolve('tsx'), name]
  return [join(root, COMPILED, nameOf(page), name.replace(/ts$/, 'js'))]
}
