import { describe, expect, it } from 'vitest'
import { Mailbox, WHEN_FULL, type WhenFull } from '../../dist/actor/mailbox.js'
import { isSettled, numbers } from './open-actor.js'

interface Item {
  readonly n: number
  readonly kept?: boolean
}
const item = (n: number): Item => ({ n })

function mailboxOf(limit: number, whenFull: WhenFull = 'wait') {
  const dropped: number[] = []
  const taken: number[] = []
  const mailbox = new Mailbox<Item>({
    ...{ what: 'it', limit, whenFull },
    dropped: ({ n }) => dropped.push(n),
    keeps: ({ kept }) => kept === true,
    taken: () => taken.push(1),
  })
  const put = (n: number) => mailbox.put(item(n))
  const rest = () => {
    const all: number[] = []
    for (let next = mailbox.poll(); next !== undefined; next = mailbox.poll()) all.push(next.n)
    return all
  }
  return { mailbox, dropped, taken, put, rest }
}

describe('a mailbox', () => {
  it.each(WHEN_FULL)('gives what it holds in order, and tells each that is taken: %s', async (whenFull) => {
    const { put, rest, taken, mailbox } = mailboxOf(5_000, whenFull)
    await Promise.all(numbers(5_000).map(put))
    expect(mailbox.size).toBe(5_000)
    expect(rest()).toEqual(numbers(5_000))
    expect([taken.length, mailbox.size]).toEqual([5_000, 0])
  })

  it('gives to those who wait in their order', async () => {
    const { mailbox, put } = mailboxOf(1)
    const takes = [mailbox.take(), mailbox.take()]
    await put(1)
    await put(2)
    expect(await Promise.all(takes)).toEqual([item(1), item(2)])
  })

  it('has who puts wait for room, in order, with an end to the wait', async () => {
    const { mailbox, put, rest } = mailboxOf(1)
    await put(1)
    const aborter = new AbortController()
    const waiting = [put(2), mailbox.put(item(3), { signal: aborter.signal }), put(4)]
    expect(await isSettled(Promise.race(waiting))).toBe(false)
    await expect(mailbox.put(item(5), { timeoutMs: 5 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    aborter.abort()
    await expect(waiting[1]).rejects.toMatchObject({ code: 'ABORTED' })
    expect(rest()).toEqual([1, 2, 4])
    await Promise.all([waiting[0], waiting[2]])
  })

  it("drops the oldest with 'drop_oldest', and nothing that must be kept", async () => {
    const { mailbox, put, rest, dropped } = mailboxOf(2, 'drop_oldest')
    await put(1)
    mailbox.force({ n: 2, kept: true })
    await put(3)
    await put(4)
    expect([dropped, rest()]).toEqual([
      [1, 3],
      [2, 4],
    ])
  })

  it("drops the new one with 'drop_newest'", async () => {
    const { put, rest, dropped } = mailboxOf(2, 'drop_newest')
    for (const n of numbers(4)) await put(n)
    expect([dropped, rest()]).toEqual([
      [2, 3],
      [0, 1],
    ])
  })

  it("refuses with 'fail': QUEUE_FULL", async () => {
    const { put, rest, dropped } = mailboxOf(1, 'fail')
    await put(1)
    await expect(put(2)).rejects.toMatchObject({ code: 'QUEUE_FULL', retryable: true })
    expect([dropped, rest()]).toEqual([[], [1]])
  })

  it('takes in without room what is forced, and only with room what is offered', () => {
    const { mailbox, rest } = mailboxOf(1)
    expect([mailbox.offer(item(1)), mailbox.offer(item(2)), mailbox.force(item(3))]).toEqual([true, false, true])
    expect(rest()).toEqual([1, 3])
  })

  it('lets something be removed wherever it is, also where it waits for room', async () => {
    const { mailbox, rest, put } = mailboxOf(2)
    const items = numbers(4).map(item)
    const puts = items.map((one) => mailbox.put(one))
    expect([mailbox.remove(items[3]!), mailbox.remove(items[0]!), mailbox.remove(item(9))]).toEqual([true, true, false])
    await Promise.all(puts)
    expect(mailbox.contents).toEqual([item(1), item(2)])
    const more = put(5)
    expect(mailbox.contents.map(({ n }) => n)).toEqual([1, 2, 5])
    expect(rest()).toEqual([1, 2, 5])
    await more
  })

  it('takes back what was taken, before all else, and gives it to who waits', async () => {
    const { mailbox, put, rest } = mailboxOf(2)
    await put(3)
    mailbox.putBack([item(1), item(2)])
    expect(rest()).toEqual([1, 2, 3])
    const take = mailbox.take()
    mailbox.putBack([item(4), item(5)])
    expect([await take, rest()]).toEqual([item(4), [5]])
  })

  it('that has ended gives what it holds and what waits for room, then undefined', async () => {
    const { mailbox, put } = mailboxOf(1)
    const puts = [put(1), put(2)]
    mailbox.end()
    await mailbox.ended
    await expect(put(3)).rejects.toMatchObject({ code: 'CLOSED' })
    expect([mailbox.force(item(4)), mailbox.offer(item(4))]).toEqual([false, false])
    expect([await mailbox.take(), await mailbox.take(), await mailbox.take()]).toEqual([item(1), item(2), undefined])
    await Promise.all(puts)
  })

  it('that is closed gives what is left, and refuses what waits for room', async () => {
    const { mailbox, put } = mailboxOf(1)
    await put(1)
    const waiting = put(2)
    expect(mailbox.close()).toEqual([item(1)])
    await expect(waiting).rejects.toMatchObject({ code: 'CLOSED' })
    expect(await mailbox.take()).toBeUndefined()
  })

  it('lets go of who waits to take, with nothing', async () => {
    const { mailbox } = mailboxOf(1)
    const takes = [mailbox.take(), mailbox.take()]
    mailbox.release()
    expect(await Promise.all(takes)).toEqual([undefined, undefined])
  })
})
