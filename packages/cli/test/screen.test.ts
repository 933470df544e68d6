import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { Screen } from '../dist/screen.js'

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l'
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l'

/** A screen on a terminal of a size, and what it has written since it was last asked. */
function screenOf(columns: number, rows: number) {
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns, rows })
  const stopped: Error[] = []
  const stop = (error: Error) => void stopped.push(error)
  const screen = new Screen(stdout as never, { stop }, (lines: readonly string[]) => lines)
  return { stdout, screen, stopped, written: () => String(stdout.read() ?? '') }
}

it('a screen is taken over, drawn in place, and given back with what was shown last', async () => {
  const exits = process.listenerCount('exit')
  const { screen, written } = screenOf(80, 24)
  expect(written()).toBe(ENTER)
  screen.show(['one', 'two'])
  expect(written()).toBe('\x1b[Hone\x1b[K\r\ntwo\x1b[K\r\n\x1b[J')
  screen.show(['three'])
  expect(written()).toBe('\x1b[Hthree\x1b[K\r\n\x1b[J')
  await screen.end()
  expect(written()).toBe(`${LEAVE}three\n`)
  expect(process.listenerCount('exit')).toBe(exits)
})

it('a screen shows no more than there is room for, and draws again when that changes', async () => {
  const { screen, stdout, written } = screenOf(5, 3)
  screen.show(['1234567', 'two', 'three'])
  expect(written().split('\x1b[H')[1]).toBe('12345\x1b[K\r\ntwo\x1b[K\r\n\x1b[J')
  Object.assign(stdout, { columns: 80, rows: 24 })
  stdout.emit('resize')
  expect(written()).toBe('\x1b[H1234567\x1b[K\r\ntwo\x1b[K\r\nthree\x1b[K\r\n\x1b[J')
  await screen.end()
  written()
  stdout.emit('resize')
  expect(written()).toBe('')
})

it('a screen that cannot be written to stops its command, and ends', async () => {
  const { screen, stdout, stopped } = screenOf(80, 24)
  stdout.destroy(new Error('gone'))
  await expect.poll(() => stopped).toEqual([expect.objectContaining({ message: 'gone' })])
  screen.show(['one'])
  await screen.end()
})
