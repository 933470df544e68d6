import { type Seeded, seeded } from '@troupe/testing/seeded'
import { describe, expect, it } from 'vitest'
import { Entry, Holder, type TaskOwner } from '../../dist/farm/ledger.js'
import { PendingQueue } from '../../dist/farm/pending-queue.js'
import { lineOf } from './staged-dispatcher.js'

const line = lineOf('task')
const owner: TaskOwner = { unheld: 0, settled: () => undefined }

const entry = (number: number, by = owner) => new Entry(line, number, number, 0, 0, by)
const entries = (count: number, from = 0) => Array.from({ length: count }, (_, index) => entry(from + index))
const numbers = (some: Iterable<Entry>) => [...some].map(({ number }) => number)

describe('an entry', () => {
  it('says which task, which input and which try it is', () => {
    const one = entry(7)
    new Holder().hold(1, [one], 0)
    expect(one.facts()).toEqual({ task: 'task', key: '<7>', attempt: 1 })
  })
})

describe('a holder', () => {
  it('gives entries consecutive tickets and counts their tries', () => {
    const holder = new Holder()
    const [one, two] = entries(2) as [Entry, Entry]
    holder.hold(5, [one, two], 0)
    expect([one, two]).toMatchObject([
      { state: 'held', ticket: 5, attempts: 1, holder },
      { state: 'held', ticket: 6, attempts: 1, holder },
    ])
    new Holder().hold(9, [two], 0)
    expect(two).toMatchObject({ ticket: 9, attempts: 2 })
  })

  it('releases what it holds under a ticket once', () => {
    const holder = new Holder()
    const [one] = entries(1) as [Entry]
    holder.hold(1, [one], 0)
    expect(holder.release(1)).toBe(one)
    expect([holder.release(1), holder.held, one.holder]).toEqual([undefined, 0, undefined])
  })

  it.each([0, 4, 9, 13, -1, 1.5, Number.MAX_SAFE_INTEGER])(
    'holds nothing under a ticket that it was not given (%d)',
    (ticket) => {
      const holder = new Holder()
      holder.hold(1, entries(3), 0)
      holder.hold(10, entries(3, 3), 0)
      expect(holder.release(ticket)).toBeUndefined()
      expect(holder.held).toBe(6)
    },
  )

  it('lists what it holds in the order in which it was sent, whatever was released before', () => {
    const holder = new Holder()
    holder.hold(1, entries(3), 0)
    holder.hold(10, entries(3, 3), 0)
    for (const ticket of [11, 2, 1, 3]) holder.release(ticket)
    holder.hold(20, entries(1, 6), 0)
    expect(numbers(holder.entries())).toEqual([3, 5, 6])
  })

  it('releases all that it holds, and then holds nothing', () => {
    const holder = new Holder()
    const all = entries(4)
    holder.hold(1, all, 0)
    holder.release(2)
    expect(numbers(holder.releaseAll())).toEqual([0, 2, 3])
    expect([holder.held, holder.release(1), numbers(holder.entries())]).toEqual([0, undefined, []])
    expect(all.map((one) => one.holder)).toEqual([undefined, undefined, undefined, undefined])
  })
})

describe('a pending queue', () => {
  it('gives entries in order, and shows the next without taking it', () => {
    const queue = new PendingQueue()
    for (const one of entries(3)) queue.push(one)
    expect([queue.peek()?.number, queue.peek()?.number, queue.size]).toEqual([0, 0, 3])
    expect([queue.shift()?.number, queue.shift()?.number, queue.size]).toEqual([0, 1, 1])
    expect([queue.shift()?.number, queue.shift(), queue.peek(), queue.size]).toEqual([2, undefined, undefined, 0])
  })

  it('passes over what was settled meanwhile, and does not count it', () => {
    const queue = new PendingQueue()
    const all = entries(4)
    for (const one of all) queue.push(one)
    for (const one of [all[0]!, all[2]!]) {
      one.state = 'done'
      queue.noteSettled()
    }
    expect(queue.size).toBe(2)
    expect([queue.shift()?.number, queue.shift()?.number, queue.shift(), queue.size]).toEqual([1, 3, undefined, 0])
  })

  it('finds those of one owner that wait', () => {
    const queue = new PendingQueue()
    const other: TaskOwner = { unheld: 0, settled: () => undefined }
    const all = [entry(0), entry(1, other), entry(2), entry(3), entry(4)]
    for (const one of all) queue.push(one)
    queue.shift()
    all[3]!.state = 'done'
    queue.noteSettled()
    expect(numbers(queue.of(owner))).toEqual([2, 4])
    expect(numbers(queue.of(other))).toEqual([1])
  })

  it('stays right when very many go through it', () => {
    const queue = new PendingQueue()
    const taken: number[] = []
    for (let number = 0; number < 10_000; number++) {
      queue.push(entry(number))
      if (number % 3 > 0) taken.push(queue.shift()!.number)
    }
    while (queue.size > 0) taken.push(queue.shift()!.number)
    expect(taken).toEqual(Array.from({ length: 10_000 }, (_, number) => number))
  })
})

interface Compared {
  readonly got: unknown[]
  readonly wanted: unknown[]
}

/** Does the same to a queue and to a plain list. */
function tryQueue(random: Seeded): Compared {
  const queue = new PendingQueue()
  const [got, wanted]: [unknown[], unknown[]] = [[], []]
  let list: Entry[] = []
  for (let number = 0; number < 5_000; number++) {
    const deed = random()
    if (deed < (number < 3_000 ? 0.6 : 0.3)) {
      const one = entry(number)
      queue.push(one)
      list.push(one)
    } else if (deed < 0.9) {
      got.push(queue.shift()?.number)
      wanted.push(list.shift()?.number)
    } else if (list.length > 0) {
      const settled = random.pick(list)
      settled.state = 'done'
      queue.noteSettled()
      list = list.filter((other) => other !== settled)
    }
    got.push(queue.size)
    wanted.push(list.length)
  }
  return { got: [...got, ...numbers(queue.of(owner))], wanted: [...wanted, ...numbers(list)] }
}

/** Does the same to a holder and to a map by ticket. */
function tryHolder(random: Seeded): Compared {
  const holder = new Holder()
  const byTicket = new Map<number, Entry>()
  const [got, wanted]: [unknown[], unknown[]] = [[], []]
  let lastTicket = 0
  for (let round = 0; round < 1_000; round++) {
    if (random.chance(0.2)) {
      const some = entries(random.whole(1, 20), round)
      holder.hold(lastTicket + 1, some, 0)
      for (const one of some) byTicket.set(++lastTicket, one)
      lastTicket += random.whole(0, 3)
    } else {
      const ticket = random.chance(0.8) ? random.pick([0, ...byTicket.keys()]) : random.whole(0, lastTicket + 5)
      got.push(holder.release(ticket)?.number)
      wanted.push(byTicket.get(ticket)?.number)
      byTicket.delete(ticket)
    }
    got.push(holder.held)
    wanted.push(byTicket.size)
  }
  return { got: [...got, ...numbers(holder.entries())], wanted: [...wanted, ...numbers(byTicket.values())] }
}

describe.each(Array.from({ length: 10 }, (_, seed) => seed))('whatever is done (seed %i)', (seed) => {
  it('a pending queue does what a plain list does', () => {
    const { got, wanted } = tryQueue(seeded(seed))
    expect(got).toEqual(wanted)
  })

  it('a holder does what a map by ticket does', () => {
    const { got, wanted } = tryHolder(seeded(seed))
    expect(got).toEqual(wanted)
  })
})
