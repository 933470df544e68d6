import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Logger, resolveLog } from '@troupe/core'
import { expect, it } from 'vitest'

const run = promisify(execFile)

const SCRIPT = `
  import { resolveLog } from '@troupe/core'
  const log = resolveLog().child({ farm: 'f' })
  log.info({ tasks: 3 }, 'quiet')
  log.warn({ tasks: 3 }, 'loud')
`

/** What a process writes, with TROUPE_LOG set so. */
function logged(TROUPE_LOG: string | undefined, end = '') {
  const { TROUPE_LOG: _, ...env } = process.env
  return run(process.execPath, ['--input-type=module', '-e', SCRIPT + end], {
    cwd: import.meta.dirname,
    env: TROUPE_LOG === undefined ? env : { ...env, TROUPE_LOG },
  })
}

it('is the logger that was given', () => {
  const given = { child: () => given } as unknown as Logger
  expect(resolveLog(given)).toBe(given)
})

it.each([undefined, '', 'silent'])('is silent with TROUPE_LOG=%s', async (level) => {
  expect(await logged(level)).toEqual({ stdout: '', stderr: '' })
})

it('writes lines of JSON to stderr, from the level that TROUPE_LOG names, to the last word of a process that exits', async () => {
  const { stdout, stderr } = await logged('warn', 'process.exit(0)')
  expect(stdout).toBe('')
  const lines = stderr.trim().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: 40, name: 'troupe', farm: 'f', tasks: 3, msg: 'loud' }),
  ])
})

it('warns of a TROUPE_LOG that names no level, and is silent', async () => {
  const { stdout, stderr } = await logged('verbose')
  expect(stdout).toBe('')
  expect(stderr).toMatch(/\[TROUPE_LOG\] Warning: TROUPE_LOG names no level of pino: verbose/)
  expect(stderr).not.toContain('loud')
})

it('does without pino while it is silent, and has what pino has', async () => {
  const { stdout } = await logged(
    '',
    `
      const { createRequire } = await import('node:module')
      const isLoaded = () => Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('/pino/'))
      const before = isLoaded()
      console.log(before, log.child({}).isLevelEnabled('fatal'), typeof log.bindings(), log.levels.values.warn, isLoaded())
    `,
  )
  expect(stdout).toBe('false false object 40 true\n')
})
