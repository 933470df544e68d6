import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folder, linesOf, recordsOf, taskFile, troupe } from './troupe.js'

/** Runs a task of several.js; gives the records of its failures too. */
async function failing(task: string, input: string, ...options: string[]) {
  const errors = join(folder(), 'errors.ndjson')
  const result = await troupe(
    ['map', `${taskFile('several.js')}#${task}`, '--errors', errors, '--workers', '1', ...options],
    input,
  )
  return { ...result, records: recordsOf(readFileSync(errors, 'utf8')) }
}

describe('lines that cannot be done', () => {
  it('are reported with their line numbers while the others are done', async () => {
    const { status, stdout, records } = await failing('double', '1\n\n{"a":\n"text"\n5\n')
    expect(linesOf(stdout)).toEqual(['2', '10'])
    expect(records.sort((a, b) => Number(a.line) - Number(b.line))).toEqual([
      {
        line: 3,
        code: 'DECODE_FAILED',
        message: expect.stringContaining('line 3 is not JSON'),
        text: '{"a":',
        cause: expect.anything(),
      },
      { line: 4, code: 'INVALID_INPUT', message: expect.any(String), task: 'double', input: 'text' },
    ])
    expect(status).toBe(1)
  })

  it('that are not JSON are told in one line each, with no frame of the command line itself', async () => {
    const { status, stderr } = await troupe(
      ['map', `${taskFile('several.js')}#double`, '--workers', '1', '--quiet'],
      '1\n{"a":\n',
    )
    expect(linesOf(stderr)).toEqual([expect.stringMatching(/^troupe: line 2 is not JSON: .* \(DECODE_FAILED\)$/)])
    expect(status).toBe(1)
  })

  it('carry the error of the task, with its place in the task file', async () => {
    const { status, stdout, records } = await failing('positive', '1\n-2\n3\n')
    expect(linesOf(stdout)).toEqual(['1', '3'])
    expect(records).toEqual([
      {
        line: 2,
        code: 'TASK_FAILED',
        message: expect.stringContaining('-2 is negative'),
        task: 'positive',
        attempt: 1,
        input: -2,
        cause: { name: 'RangeError', message: '-2 is negative', stack: expect.stringMatching(/several\.js:\d+:\d+/) },
      },
    ])
    expect(status).toBe(1)
  })

  it('name the line in their message, not the place among the good lines', async () => {
    const { records } = await failing('positive', '\n\n-1\n')
    expect(records[0]?.message).toContain('line 3')
  })

  it('have the try in which they failed last', async () => {
    const { records } = await failing('third', '1\n', '--retries', '1')
    expect(records).toMatchObject([{ code: 'TASK_FAILED', attempt: 2 }])
  })

  it('are told on stderr where there is no file for them: the first in full, of the others how many', async () => {
    const { status, stderr } = await troupe(
      ['map', `${taskFile('several.js')}#positive`, '--workers', '1'],
      '-1\n'.repeat(12),
    )
    const lines = linesOf(stderr)
    expect(lines.filter((line) => line.startsWith('troupe: line '))).toHaveLength(5)
    expect(stderr).toMatch(/troupe: line \d+: .*-1 is negative \(TASK_FAILED\)\n {4}at .*several\.js:\d+:\d+/)
    expect(lines).toContain('troupe: 7 more failed lines; --errors FILE keeps them all')
    expect(stderr).not.toContain('dist/')
    expect(status).toBe(1)
  })

  it('may have taken too long', async () => {
    const { status, stdout, records } = await failing('wait', '5\n60000\n6\n', '--timeout-ms', '200')
    expect(linesOf(stdout)).toEqual(['5', '6'])
    expect(records).toMatchObject([{ line: 2, code: 'TIMEOUT' }])
    expect(status).toBe(1)
  })

  it('may have killed their workers', async () => {
    const { status, stdout, records } = await failing('deadly', 'false\ntrue\nfalse\n')
    expect(linesOf(stdout)).toEqual(['false', 'false'])
    expect(records).toMatchObject([{ line: 2, code: 'TASK_POISONED' }])
    expect(status).toBe(1)
  })

  it.each([
    ['liar', 'INVALID_OUTPUT'],
    ['circle', 'INVALID_OUTPUT'],
    ['big', 'ENCODE_FAILED'],
  ])('may be the fault of a task, such as %s, whose output is not what it should be', async (task, code) => {
    const { status, stdout, records } = await failing(task, '1\n')
    expect(stdout).toBe('')
    expect(records).toMatchObject([{ line: 1, code, input: 1 }])
    expect(status).toBe(1)
  })
})
