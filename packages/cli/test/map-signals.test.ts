import { on, once } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Command, linesOf, taskFile } from './troupe.js'

/** A command whose tasks have begun. Its input stays open. */
async function atWork(task: string, input: string): Promise<Command> {
  const command = new Command(['map', `${taskFile('several.js')}#${task}`, '--workers', '2', '--unordered'])
  command.child.stdin.write(input)
  // `wait` gives results, `never` says on stderr that it has begun.
  await once(task === 'wait' ? command.child.stdout : command.child.stderr, 'data')
  return command
}

/** Resolves when it has told that it heard the first Ctrl-C: a second signal before that would be one with the first. */
async function hasHeard({ child }: Command): Promise<void> {
  let told = ''
  for await (const [data] of on(child.stderr, 'data')) {
    told += String(data)
    if (told.includes('finishing')) return
  }
}

describe('Ctrl-C', () => {
  it('once finishes what has begun, reads no more, and reports', async () => {
    const command = await atWork('wait', '0\n500\n500\n')
    command.interrupt()
    const { signal, stdout, stderr } = await command.result
    expect(linesOf(stdout).length).toBeGreaterThanOrEqual(2)
    expect(stderr).toContain('finishing what has begun')
    expect(stderr).toMatch(/troupe: \d+ done, 0 failed/)
    expect(signal).toBe('SIGINT')
  })

  it('twice stops at once, though a task never ends', async () => {
    const command = await atWork('never', '1\n2\n')
    command.interrupt()
    await hasHeard(command)
    const startedMs = performance.now()
    command.interrupt()
    const { signal, stderr } = await command.result
    expect(performance.now() - startedMs).toBeLessThan(3_000)
    expect(stderr).toContain('0 done')
    expect(signal).toBe('SIGINT')
  })

  it('ends a command whose output nobody reads', async () => {
    const command = new Command(['map', `${taskFile('several.js')}#double`, '--workers', '1'], 'unread')
    command.child.stdin.write('1234567890\n'.repeat(200_000))
    await expect.poll(() => command.child.stdout.readableLength, { timeout: 10_000 }).toBeGreaterThan(0)
    command.interrupt()
    await hasHeard(command)
    command.interrupt()
    expect((await command.result).signal).toBe('SIGINT')
  })
})

describe('SIGTERM', () => {
  it('stops at once', async () => {
    const command = await atWork('never', '1\n2\n')
    command.child.kill('SIGTERM')
    expect((await command.result).signal).toBe('SIGTERM')
  })
})

describe('a reader that goes away', () => {
  it('ends the command quietly, with the status of SIGPIPE', async () => {
    const command = new Command(['map', `${taskFile('several.js')}#double`, '--quiet'], 'unread')
    // Endless, as `yes 1 | troupe map ... | head -1` is.
    const feed = () => {
      while (command.child.stdin.write('1\n'.repeat(1_000)));
    }
    command.child.stdin.on('drain', feed)
    feed()
    await once(command.child.stdout, 'data')
    command.child.stdout.destroy()
    const { status, stderr } = await command.result
    expect({ status, stderr }).toEqual({ status: 141, stderr: '' })
  })
})

describe('the death of the command itself', () => {
  it('leaves no worker behind', async () => {
    const command = await atWork('wait', '0\n60000\n60000\n')
    command.child.kill('SIGKILL')
    expect((await command.result).signal).toBe('SIGKILL')
  })
})
