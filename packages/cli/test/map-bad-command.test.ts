import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fatalText } from '../dist/failure-record.js'
import { map } from '../dist/map.js'
import { folder, linesOf, taskFile, troupe } from './troupe.js'

const double = `${taskFile('several.js')}#double`

/** Runs what cannot run: it must say so in one clear line and do nothing. */
async function refused(args: readonly string[], input = '1\n'): Promise<string> {
  const { status, stdout, stderr } = await troupe(args, input)
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  const lines = linesOf(stderr)
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/^troupe: .* \([A-Z_]+\)$/)
  return lines[0]!
}

/** The same without a process of its own: the line that the command says of what `map` throws. */
async function refusedHere(file: string, options: object): Promise<string> {
  const line = await map(file, options, process).then(() => expect.fail('it has run'), fatalText)
  expect(line).toMatch(/^.* \([A-Z_]+\)$/)
  return line
}

describe('a command that cannot run', () => {
  it.each([
    ['does not exist', 'nowhere.ts', 'MODULE_NOT_FOUND'],
    ['is a folder', '.', 'MODULE_NOT_FOUND'],
    ['exports no task', 'no-task.js', 'UNKNOWN_TASK'],
    ['exports several tasks, and none is chosen', 'several.js', 'AMBIGUOUS_TASK'],
    ['has no such task', 'several.js#nine', 'UNKNOWN_TASK'],
  ])('has a task file that %s', async (_, file, code) => {
    expect(await refusedHere(taskFile(file), {})).toContain(`(${code})`)
  })

  it('has a task file that starts a farm itself', async () => {
    expect(await refused(['map', taskFile('starts-farm.js')])).toContain('(FARM_IN_WORKER)')
  })

  it('names the tasks that there are to choose from', async () => {
    expect(await refused(['map', taskFile('several.js')])).toMatch(/double, .*wait/)
    expect(await refusedHere(taskFile('several.js#nine'), {})).toMatch(/"nine".*double/)
  })

  it('has a task file that throws when it is imported, and says where', async () => {
    const line = await refused(['map', taskFile('throws-on-import.ts')])
    expect(line).toMatch(/no configuration: undefined at .*throws-on-import\.ts:3:7 \(MODULE_FAILED\)$/)
  })

  it.each([
    [{ workers: '0' }, 'workers'],
    [{ workers: 'two' }, 'workers'],
    [{ concurrency: '0' }, 'concurrency'],
    [{ retries: '-1' }, 'retries'],
    [{ timeoutMs: '1.5' }, 'timeoutMs'],
    [{ speculate: true }, '"double" twice'],
    [{ timeoutMs: '99999999999' }, 'timeoutMs'],
    [{ cert: 'x', trust: 'y' }, 'cert: is of where it can be looked at: give --inspect too; trust'],
    [{ insecure: true }, 'insecure: is of where'],
    [{ inspect: 'tcp://127.0.0.1:!', trust: 'y' }, 'cert: is wanted with --trust'],
  ])('has options out of range: %j', async (options, word) => {
    const line = await refusedHere(double, options)
    expect(line).toContain(word)
    expect(line).toContain('(INVALID_OPTIONS)')
  })

  it.each([
    [['--timeout-ms', '1.5'], 'timeoutMs'],
    [['--colour'], '--colour'],
    [['more'], 'argument'],
  ])('has a command line that is wrong: %j', async (options, word) => {
    const line = await refused(['map', double, ...options])
    expect(line).toContain(word)
    expect(line).toContain('(INVALID_OPTIONS)')
  })

  it.each([
    ['input', 'nowhere.ndjson', 'no such file'],
    ['output', 'nowhere/out.ndjson', 'no such file'],
    ['output', '.', 'directory'],
    ['errors', 'nowhere/errors.ndjson', 'no such file'],
  ])('has a file that cannot be opened: --%s %s', async (option, path, why) => {
    const line = await refusedHere(double, { [option]: join(folder(), path) })
    expect(line).toContain(option)
    expect(line).toContain(why)
  })

  it('has a folder for its input', async () => {
    const line = await refused(['map', double, '--input', folder()])
    expect(line).toMatch(/input.*directory/)
  })

  it('reads what it writes', async () => {
    const file = join(folder(), 'same.ndjson')
    writeFileSync(file, '1\n2\n')
    await refused(['map', double, '--input', file, '--output', file])
    await refused(['map', double, '--input', file, '--errors', file])
    await refused(['map', double, '--output', join(file), '--errors', file], '')
    expect(existsSync(file)).toBe(true)
  })

  it('leaves the output of an earlier run as it was', async () => {
    const output = join(folder(), 'out.ndjson')
    writeFileSync(output, 'dear\n')
    await refused(['map', taskFile('nowhere.js'), '--output', output])
    expect(readFileSync(output, 'utf8')).toBe('dear\n')
  })

  it.runIf(existsSync('/dev/full'))('finds the disk full', async () => {
    const { status, stderr } = await troupe(['map', double, '--output', '/dev/full'], '1\n')
    expect(linesOf(stderr).at(-1)).toBe('troupe: cannot write: no space left on device (OUTPUT_FAILED)')
    expect(status).toBe(2)
  })
})
