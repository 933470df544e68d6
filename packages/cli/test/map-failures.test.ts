import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { linesOf, type Result, recordsOf, taskFile, troupe } from './troupe.js'

const directory = mkdtempSync(join(tmpdir(), 'troupe-test-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** Runs a task of several.js; gives the records of its failures too. */
async function failing(task: string, input: string, ...options: string[]) {
  const errors = join(directory, 'errors.ndjson')
  const args = ['map', `${taskFile('several.js')}#${task}`, '--errors', errors, '--workers', '1', ...options]
  const result = await troupe(args, input)
  return { ...result, records: recordsOf(readFileSync(errors, 'utf8')) }
}

describe('lines that cannot be done', () => {
  const input = ['1', '', '{"a":', 'true', '"throw"', '"misfit"', '"circle"', '"bigint"', '"too long"', '2'].join('\n')
  let ran: Awaited<ReturnType<typeof failing>>
  beforeAll(async () => {
    ran = await failing('failing', input, '--retries', '1', '--timeout-ms', '200')
  })
  const recordOf = (line: number) => ran.records.find((record) => record.line === line)

  it('are reported with their line numbers while the others are done', () => {
    expect(linesOf(ran.stdout)).toEqual(['1', '2'])
    expect(ran.records.map(({ line }) => line).sort()).toEqual([3, 4, 5, 6, 7, 8, 9])
    expect(recordOf(3)).toEqual({
      line: 3,
      code: 'DECODE_FAILED',
      message: expect.stringContaining('line 3 is not JSON'),
      text: '{"a":',
      cause: expect.anything(),
    })
    const message = expect.any(String)
    expect(recordOf(4)).toEqual({ line: 4, code: 'INVALID_INPUT', message, task: 'failing', input: true })
    expect(ran.status).toBe(1)
  })

  it('carry the error of the task, with its place in the task file, and the try in which they failed last', () => {
    expect(recordOf(5)).toEqual({
      line: 5,
      code: 'TASK_FAILED',
      message: expect.stringContaining('told to throw'),
      task: 'failing',
      attempt: 2,
      input: 'throw',
      cause: { name: 'RangeError', message: 'told to throw', stack: expect.stringMatching(/several\.js:\d+:\d+/) },
    })
  })

  it('name the line in their message, not the place among the good lines', () => {
    expect(recordOf(5)?.message).toContain('line 5')
  })

  it('may have taken too long', () => {
    expect(recordOf(9)).toMatchObject({ code: 'TIMEOUT', input: 'too long' })
  })

  it.each([
    [6, 'misfit', 'INVALID_OUTPUT'],
    [7, 'circle', 'INVALID_OUTPUT'],
    [8, 'bigint', 'ENCODE_FAILED'],
  ])('may be the fault of a task whose output is not what it should be (line %i: %s)', (line, how, code) => {
    expect(recordOf(line)).toMatchObject({ code, input: how })
  })

  it('may have killed their workers', async () => {
    const { status, stdout, records } = await failing('deadly', 'false\ntrue\nfalse\n')
    expect(linesOf(stdout)).toEqual(['false', 'false'])
    expect(records).toMatchObject([{ line: 2, code: 'TASK_POISONED' }])
    expect(status).toBe(1)
  })
})

describe('lines that cannot be done, where there is no file for them,', () => {
  let ran: Result
  beforeAll(async () => {
    ran = await troupe(
      ['map', `${taskFile('several.js')}#positive`, '--workers', '1', '--quiet'],
      `{"a":\n${'-1\n'.repeat(12)}`,
    )
  })

  it('are told on stderr: the first in full, of the others how many', () => {
    const lines = linesOf(ran.stderr)
    expect(lines.filter((line) => line.startsWith('troupe: line '))).toHaveLength(5)
    expect(ran.stderr).toMatch(/troupe: line \d+: .*-1 is negative \(TASK_FAILED\)\n {4}at .*several\.js:\d+:\d+/)
    expect(lines.at(-1)).toBe('troupe: 8 more failed lines; --errors FILE keeps them all')
    expect(ran.stderr).not.toContain('dist/')
    expect(ran.status).toBe(1)
  })

  it('that are not JSON are told in one line each, with no frame of the command line itself', () => {
    const [first, second] = linesOf(ran.stderr)
    expect(first).toMatch(/^troupe: line 1 is not JSON: .* \(DECODE_FAILED\)$/)
    expect(second).toMatch(/^troupe: line 2: /)
  })
})
