import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  collect,
  ISOLATIONS,
  isSettled,
  linesOf,
  newFile,
  numbers,
  openActor,
  sharedEcho,
  until,
} from './open-actor.js'

describe.each(ISOLATIONS)('the pipe of an actor (%s)', (isolation) => {
  const echo = sharedEcho(isolation)

  it('carries every message once and in order, both ways at the same time', async () => {
    const actor = await openActor(isolation, 'echo', undefined, { pipeLimit: 10 })
    const sending = (async () => {
      for (const n of numbers(3_000)) await actor.send(n)
      await actor.stop()
    })()
    expect(await collect(actor)).toEqual(numbers(3_000))
    await sending
  })

  it('keeps the order of sends and receives that are not awaited one by one', async () => {
    const actor = echo()
    const receiving = numbers(200).map(() => actor.receive())
    await Promise.all(numbers(200).map((n) => actor.send(n)))
    expect(await Promise.all(receiving)).toEqual(numbers(200))
  })

  it('carries plain data of every kind', async () => {
    const messages = [
      ...[undefined, null, true, -0.5, 2n ** 60n, '', 'text \u{1f600}\ufeff\0', 'x'.repeat(100_000), new Date(0)],
      { a: [{ b: { c: [1, 'x', null, true] } }] },
      // What looks like its own frames is a message too.
      ...[['$TERM'], ['message', 1]],
    ]
    const actor = echo()
    for (const message of messages) {
      await actor.send(message)
      expect(await actor.receive()).toEqual(message)
    }
  })

  it('carries 16 MiB in one message', async () => {
    const actor = echo()
    const bytes = new Uint8Array(16 * 1024 * 1024).fill(7)
    await actor.send(bytes)
    expect(Buffer.compare((await actor.receive()) as Uint8Array, bytes)).toBe(0)
  })

  it('carries copies, of the time of the send', async () => {
    const actor = await openActor(isolation, 'changes')
    const message = { n: 1 }
    const sending = actor.send(message)
    message.n = 2
    await sending
    expect(await actor.receive()).toEqual({ n: 1, list: [1] })
    expect(await actor.receive()).toEqual({ n: 2, list: [1] })
    await actor.stop()
    expect(message).toEqual({ n: 2 })
  })

  it('holds back who sends to an actor that takes nothing, and loses nothing', async () => {
    const gate = newFile()
    const actor = await openActor(isolation, 'takesLater', gate, { pipeLimit: 4 })
    const message = 'x'.repeat(200_000)
    let sent = 0
    const sending = (async () => {
      for (; sent < 100; sent++) await actor.send([sent, message])
    })()
    expect(await steady(() => sent)).toBeLessThan(100)
    writeFileSync(gate, '')
    const got: unknown[] = []
    while (got.length < 100) got.push(((await actor.receive()) as [number])[0])
    await sending
    expect(got).toEqual(numbers(100))
  })

  it('holds back an actor whose owner takes nothing', async () => {
    const notes = newFile()
    const actor = await openActor(isolation, 'countsNoting', { count: 1_000, notes }, { pipeLimit: 3 })
    await until(() => linesOf(notes).length >= 3)
    expect(await steady(() => linesOf(notes).length)).toBeLessThan(1_000)
    for (const n of numbers(1_000)) expect(await actor.receive()).toBe(n)
    expect(await actor.exit).toEqual({ reason: 'normal' })
  })

  it('refuses what cannot be encoded, at both ends: ENCODE_FAILED, and goes on', async () => {
    const actor = await openActor(isolation, 'waits')
    await expect(actor.send(1n << 80n)).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
    expect(await actor.receive()).toEqual(['TIMEOUT', 'ABORTED', 'ENCODE_FAILED'])
    await actor.send('next')
    expect(await actor.receive()).toBe('next')
  })

  it('loses no message by a receive that is aborted or takes too long', async () => {
    const actor = echo()
    const aborter = new AbortController()
    const receiving = actor.receive({ signal: aborter.signal })
    aborter.abort('enough')
    await expect(receiving).rejects.toMatchObject({ code: 'ABORTED', cause: 'enough' })
    await expect(actor.receive({ timeoutMs: 5 })).rejects.toMatchObject({ code: 'TIMEOUT', timeoutMs: 5 })
    await actor.send('kept')
    expect(await actor.receive()).toBe('kept')
  })

  it('has nothing of a send that is aborted or takes too long, and all the others', async () => {
    const gate = newFile()
    const actor = await openActor(isolation, 'takesLater', gate, { pipeLimit: 1 })
    const filler = new Uint8Array(1_000_000)
    const fill = numbers(20).map(() => actor.send(filler))
    const aborter = new AbortController()
    const aborted = actor.send('aborted', { signal: aborter.signal })
    const late = actor.send('late', { timeoutMs: 20 })
    const last = actor.send('last')
    await expect(late).rejects.toMatchObject({ code: 'TIMEOUT' })
    aborter.abort()
    await expect(aborted).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await isSettled(last)).toBe(false)
    writeFileSync(gate, '')
    const got: unknown[] = []
    while (got.at(-1) !== 'last') got.push(await actor.receive())
    expect(got.length).toBe(21)
    await Promise.all([...fill, last])
  })

  it('refuses waits that are none: INVALID_OPTIONS', async () => {
    const actor = echo()
    await expect(actor.receive({ timeoutMs: -1 })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
  })

  it('gives the rest to a loop after another was left', async () => {
    const actor = await openActor(isolation, 'counts', 5)
    for await (const message of actor) if (message === 1) break
    expect(await collect(actor)).toEqual([2, 3, 4])
  })

  it('gives the actor a context: arguments, signal, log', async () => {
    const actor = await openActor(isolation, 'context', { a: [1] })
    expect(await actor.receive()).toMatchObject({
      ...{ args: { a: [1] }, log: 'function', aborted: false },
      pid: actor.pid ?? process.pid,
    })
  })
})

/** What it is, once it has not changed for 100 ms. */
async function steady(value: () => number): Promise<number> {
  for (let last = -1; ; ) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    if (value() === last) return last
    last = value()
  }
}
