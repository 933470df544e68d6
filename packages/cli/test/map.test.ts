import { copyFileSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { Command, folder, linesOf, type Result, recordsOf, taskFile, troupe } from './troupe.js'

const numbers = (count: number) => Array.from({ length: count }, (_, index) => `${index}\n`).join('')

describe('troupe map', () => {
  it('runs a TypeScript task file as it is, from stdin to stdout, in the order of the input', async () => {
    const { status, stdout, stderr } = await troupe(['map', taskFile('square.ts'), '--workers', '1'], numbers(1_000))
    const expected = Array.from({ length: 1_000 }, (_, of) => ({ of, is: of * of }))
    expect(recordsOf(stdout)).toEqual(expected)
    expect(stderr).toMatch(/^troupe: 1,000 done, 0 failed in [\d.]+ s \([\d,.]+\/s\), 0 restarts, 0 redelivered\n$/)
    expect(status).toBe(0)
  })

  it('runs a TypeScript task file in a package that is CommonJS by default', async () => {
    const dir = folder()
    symlinkSync(join(import.meta.dirname, '..', 'node_modules'), join(dir, 'node_modules'))
    writeFileSync(join(dir, 'package.json'), '{}')
    copyFileSync(taskFile('square.ts'), join(dir, 'square.ts'))
    const { status, stdout } = await troupe(['map', join(dir, 'square.ts'), '--workers', '1'], '3\n')
    expect({ status, stdout }).toEqual({ status: 0, stdout: '{"of":3,"is":9}\n' })
  })

  it('keeps the order when later tasks are done before earlier ones', async () => {
    const args = ['map', `${taskFile('several.js')}#wait`, '--workers', '2', '--concurrency', '8']
    const { stdout } = await troupe(args, '300\n200\n100\n0\n')
    expect(linesOf(stdout)).toEqual(['300', '200', '100', '0'])
  })

  it('gives results as they come with --unordered', async () => {
    const args = ['map', `${taskFile('several.js')}#wait`, '--unordered', '--workers', '1', '--concurrency', '8']
    const { stdout } = await troupe(args, '600\n300\n0\n')
    expect(linesOf(stdout)).toEqual(['0', '300', '600'])
  })

  it('ends with --speculate though a task does not, whose second run gives its result', async () => {
    const args = ['map', `${taskFile('several.js')}#straggles`, '--speculate', '--workers', '2']
    const { status, stdout } = await troupe(args, numbers(12))
    expect({ status, stdout }).toEqual({ status: 0, stdout: numbers(12) })
  })

  it('reads and writes files', async () => {
    const dir = folder()
    const [input, output] = [join(dir, 'in.ndjson'), join(dir, 'out.ndjson')]
    writeFileSync(input, '\uFEFF1\r\n\r\n2\r\n3')
    const args = ['map', `${taskFile('several.js')}#double`, '--workers', '1', '--input', input, '--output', output]
    const { status, stdout } = await troupe(args)
    expect(readFileSync(output, 'utf8')).toBe('2\n4\n6\n')
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
  })

  it('gives a result before the next line has come', async () => {
    const command = new Command(['map', `${taskFile('several.js')}#double`, '--workers', '1'])
    const answers: string[] = []
    command.child.stdout.on('data', (chunk) => {
      answers.push(String(chunk))
      if (answers.length < 3) command.child.stdin.write(`${answers.length}\n`)
      else command.child.stdin.end()
    })
    command.child.stdin.write('0\n')
    await command.result
    expect(answers).toEqual(['0\n', '2\n', '4\n'])
  })

  it('keeps stdout for results, whatever the task file and the task write', async () => {
    const { status, stdout, stderr } = await troupe(['map', taskFile('chatty.js'), '--workers', '1'], '1\n2\n')
    expect(stdout).toBe('1\n2\n')
    for (const line of ['chatty: imported', 'chatty: imported, again', 'chatty: 1', 'chatty: 2']) {
      expect(linesOf(stderr)).toContain(line)
    }
    expect(status).toBe(0)
  })

  it('does an empty input', async () => {
    const { status, stdout } = await troupe(['map', `${taskFile('several.js')}#double`, '--workers', '1'], '')
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
  })

  it('explains itself', async () => {
    const { status, stdout } = await troupe(['map', '--help'])
    expect(status).toBe(0)
    for (const word of ['--input', '--timeout-ms', 'Exit status']) expect(stdout).toContain(word)
  })
})

describe('troupe map, with lines and a task that are odd,', () => {
  const bytes = 50 * 1024 * 1024
  let ran: Result
  let lines: string[]
  beforeAll(async () => {
    const input = ['nothing', 'third', 'x'.repeat(bytes), 'y'].map((text) => JSON.stringify(text)).join('\n')
    const args = ['map', `${taskFile('several.js')}#odd`, '--workers', '1', '--retries', '2', '--quiet']
    ran = await troupe(args, input)
    lines = linesOf(ran.stdout)
  })

  it('writes null for a task that returns nothing', () => {
    expect(lines[0]).toBe('null')
  })

  it('tries a failed task again as often as it is told', () => {
    expect(lines[1]).toBe('3')
  })

  it('takes a line of 50 MiB', () => {
    expect(lines.slice(2)).toEqual([String(bytes), '1'])
  })

  it('says nothing on stderr with --quiet when all goes well', () => {
    expect([ran.status, ran.stderr]).toEqual([0, ''])
  })
})

describe('a worker that is killed in the middle', () => {
  it('is replaced, and no line is lost, doubled or out of order', async () => {
    const command = new Command(['map', `${taskFile('several.js')}#wait`, '--workers', '2'])
    command.child.stdin.end('3\n'.repeat(400))
    let killed = 0
    command.child.stdout.on('data', () => {
      if (killed > 0) return
      killed = command.workers()[0]!
      process.kill(killed, 'SIGKILL')
    })
    const { status, stdout, stderr } = await command.result
    expect(killed).toBeGreaterThan(0)
    expect(linesOf(stdout)).toEqual(Array(400).fill('3'))
    expect(stderr).toContain(', 1 restart, ')
    expect(status).toBe(0)
  })
})
