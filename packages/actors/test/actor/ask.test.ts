import { writeFileSync } from 'node:fs'
import type { ActorOptions } from '@troupe/actors/actor'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ISOLATIONS, isSettled, linesOf, newFile, numbers, until } from './open-actor.js'
import { deadLettersOf, openKind } from './open-kind.js'

describe.each(ISOLATIONS)('an ask (%s)', (isolation) => {
  it('of a function is answered by reply, once; without one it is refused when the next message is received', async () => {
    const actor = await openKind(isolation, 'answers')
    expect(await actor.ask('twice')).toBe(1)
    expect(await actor.receive()).toEqual(['sent', 'ignored'])
    // A message is no question.
    await actor.send('a message')
    expect(await actor.receive()).toBe('ignored')
    const silent = actor.ask('silence')
    silent.catch(() => undefined)
    expect(await actor.ask({ a: [1, null] })).toEqual({ a: [1, null] })
    await expect(silent).rejects.toMatchObject({ name: 'RefusedError', code: 'REFUSED' })
    await expect(actor.ask('end')).rejects.toMatchObject({ code: 'CLOSED', message: expect.stringContaining('normal') })
  })

  it('that are many in flight are answered in order', async () => {
    const actor = await openKind(isolation, 'plain', undefined, { pipeLimit: 3 })
    const order: unknown[] = []
    const asks = numbers(1_000).map(async (n) => order.push(await actor.ask(n)))
    await Promise.all(asks)
    expect(order).toEqual(numbers(1_000))
  })

  it('ends in time or by its signal; a late answer is dropped, and what was not taken is withdrawn', async () => {
    const [gate, notes] = [newFile(), newFile()]
    const actor = await openKind(isolation, 'desk', { notes }, { pipeLimit: 1 })
    const late = actor.ask({ do: 'wait for', gate }, { timeoutMs: 2_000 })
    late.catch(() => undefined)
    await until(() => linesOf(notes).includes('waits'))
    // One is taken, one may be on its way, one in the mailbox, and the others wait for room.
    const aborter = new AbortController()
    const given = numbers(6).map((n) => actor.ask({ do: 'add', n: String(n) }, { signal: aborter.signal }))
    const last = actor.ask({ do: 'list' }, { timeoutMs: 0 })
    expect(await isSettled(last)).toBe(false)
    aborter.abort('enough')
    const reasons = await Promise.allSettled(given)
    expect(reasons).toMatchObject(numbers(6).map(() => ({ reason: { code: 'ABORTED', cause: 'enough' } })))
    await expect(late).rejects.toMatchObject({ code: 'TIMEOUT', timeoutMs: 2_000 })
    writeFileSync(gate, '')
    expect(await last).toEqual([])
    expect(actor.deadLetters).toBe(0)
  })

  it('of an actor that dies of it or has ended fails with its failure, or CLOSED', async () => {
    const actor = await openKind(isolation, 'desk')
    const asks = ['throw', 'add', 'add'].map((what) => actor.ask({ do: what }, { timeoutMs: 0 }))
    const reason = { code: 'ACTOR_FAILED', cause: { message: 'broken' } }
    expect(await Promise.allSettled(asks)).toMatchObject([{ reason }, { reason }, { reason }])
    await actor.exit
    await expect(actor.ask({ do: 'add' })).rejects.toMatchObject({ code: 'CLOSED' })
  })

  it('refuses waits that are none: INVALID_OPTIONS', async () => {
    const actor = await openKind(isolation, 'plain')
    await expect(actor.ask(1, { timeoutMs: -1 })).rejects.toMatchObject({ code: 'INVALID_OPTIONS' })
    await expect(actor.ask(1, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' })
    expect(await actor.ask(2)).toBe(2)
  })
})

describe('an ask for a full mailbox', () => {
  /** One that is busy, with a mailbox of one that is full, and an ask beyond. */
  async function askFull(whenFull: ActorOptions['whenFull']) {
    const [gate, notes] = [newFile(), newFile()]
    const actor = await openKind('inline', 'desk', { notes }, { pipeLimit: 1, whenFull })
    const dead = deadLettersOf(actor)
    const busy = actor.ask({ do: 'wait for', gate })
    await until(() => linesOf(notes).includes('waits'))
    const asks = [actor.ask({ do: 'add' }), actor.ask({ do: 'list' })]
    const settled = Promise.allSettled(asks)
    await isSettled(settled)
    writeFileSync(gate, '')
    await busy
    const [first, second] = await settled
    return { first, second, dead: dead.map(({ reason, message }) => [reason, (message as { do: string }).do]) }
  }
  const full = { reason: { code: 'QUEUE_FULL', retryable: true } }

  it("waits for room with 'wait'", async () => {
    expect(await askFull('wait')).toMatchObject({ first: { value: 1 }, second: { value: [1] }, dead: [] })
  })

  it("fails with 'fail': QUEUE_FULL", async () => {
    expect(await askFull('fail')).toMatchObject({ first: { value: 1 }, second: full, dead: [] })
  })

  it("fails with 'drop_newest', and is a dead letter", async () => {
    expect(await askFull('drop_newest')).toMatchObject({
      first: { value: 1 },
      second: full,
      dead: [['dropped', 'list']],
    })
  })

  it("fails with 'drop_oldest' when it is the oldest", async () => {
    const { first, second, dead } = await askFull('drop_oldest')
    expect([first, second, dead]).toMatchObject([full, { value: [] }, [['dropped', 'add']]])
  })
})

describe('the time of an ask', () => {
  afterEach(() => vi.useRealTimers())

  it.each([[{}], [{ timeoutMs: undefined }]])('is 5 s unless it is told otherwise: %o', async (options) => {
    const actor = await openKind('inline', 'desk')
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const asks = [actor.ask({ do: 'never' }, options), actor.ask({ do: 'never' }, { timeoutMs: 0 })]
    const outcomes: unknown[] = []
    for (const ask of asks) ask.catch((error: unknown) => outcomes.push(error))
    await vi.advanceTimersByTimeAsync(4_999)
    expect(outcomes).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(outcomes).toMatchObject([{ code: 'TIMEOUT', timeoutMs: 5_000 }])
    await vi.advanceTimersByTimeAsync(1_000_000)
    expect(outcomes.length).toBe(1)
    vi.useRealTimers()
    actor.kill()
    await actor.exit
    expect(outcomes).toMatchObject([{}, { code: 'CLOSED' }])
  })
})
