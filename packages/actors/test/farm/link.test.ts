import { type Seeded, seeded } from '@troupe/testing/seeded'
import { describe, expect, it } from 'vitest'
import { Link } from '../../dist/farm/link.js'

interface Numbered {
  readonly sequence: number
  readonly text: string
}

const numbered = (text: string) => (sequence: number) => ({ sequence, text })

function linkWith(...texts: string[]): Link<Numbered> {
  const link = new Link<Numbered>()
  for (const text of texts) link.send(0, numbered(text))
  return link
}

const texts = (frames: readonly Numbered[]) => frames.map(({ text }) => text)

describe('what is sent', () => {
  it('is numbered from 1 and kept until it is acknowledged', () => {
    const link = linkWith('a', 'b')
    expect(link.send(0, numbered('c'))).toEqual({ sequence: 3, text: 'c' })
    expect([link.sent, link.unacknowledged]).toEqual([3, 3])
    link.acknowledge(0, 2)
    expect([link.sent, link.unacknowledged]).toEqual([3, 1])
  })

  it('is sent again in order once nothing was acknowledged for long enough', () => {
    const link = linkWith('a', 'b', 'c')
    link.acknowledge(0, 1)
    expect(link.overdue(99, 100)).toEqual([])
    expect(texts(link.overdue(100, 100))).toEqual(['b', 'c'])
  })

  it('is not sent again at every look, but each time the wait is over', () => {
    const link = linkWith('a')
    expect(texts(link.overdue(100, 100))).toEqual(['a'])
    expect(link.overdue(101, 100)).toEqual([])
    expect(texts(link.overdue(200, 100))).toEqual(['a'])
  })

  it('waits anew when some of it is acknowledged', () => {
    const link = linkWith('a', 'b')
    link.acknowledge(90, 1)
    expect(link.overdue(100, 100)).toEqual([])
    expect(texts(link.overdue(190, 100))).toEqual(['b'])
  })

  it('waits from when it was sent, not from the last time that something waited', () => {
    const link = linkWith('a')
    link.acknowledge(10, 1)
    link.send(1_000, numbered('b'))
    expect(link.overdue(1_050, 100)).toEqual([])
  })

  it('is not delayed by acknowledgements that tell nothing new', () => {
    const link = linkWith('a', 'b')
    link.acknowledge(0, 1)
    link.acknowledge(99, 1)
    link.acknowledge(99, 0)
    expect(texts(link.overdue(100, 100))).toEqual(['b'])
  })

  it('is never overdue when all is acknowledged', () => {
    const link = linkWith('a')
    link.acknowledge(0, 1)
    expect(link.overdue(1e9, 100)).toEqual([])
  })
})

describe('what comes', () => {
  it('is taken in order and once', () => {
    const link = new Link<Numbered>()
    expect([1, 2, 2, 1, 3].map((sequence) => link.arrive(sequence))).toEqual([
      'take',
      'take',
      'duplicate',
      'duplicate',
      'take',
    ])
    expect(link.received).toBe(3)
  })

  it('is not taken after a gap, until the gap is filled', () => {
    const link = new Link<Numbered>()
    expect([2, 3, 1, 2, 3].map((sequence) => link.arrive(sequence))).toEqual(['gap', 'gap', 'take', 'take', 'take'])
    expect(link.received).toBe(3)
  })
})

/** A network that loses, doubles and reorders what is posted, and delivers it later. */
class Network {
  readonly #random: Seeded
  #underWay: (() => void)[] = []
  posted = 0

  constructor(random: Seeded) {
    this.#random = random
  }

  post(arrive: () => void): void {
    this.posted++
    if (this.#random.chance(0.2)) return
    this.#underWay.push(arrive)
    if (this.#random.chance(0.2)) this.#underWay.push(arrive)
  }

  deliver(): void {
    const arrivals = this.#underWay.splice(0)
    while (arrivals.length > 0) {
      const place = this.#random.chance(0.7) ? 0 : this.#random.whole(0, arrivals.length - 1)
      const [arrive] = arrivals.splice(place, 1)
      if (this.#random.chance(0.9)) arrive!()
      else this.#underWay.push(arrive!)
    }
  }
}

/** Sends so many frames over a bad network, until all are acknowledged. */
function talk(random: Seeded, count: number) {
  const [here, there] = [new Link<Numbered>(), new Link<Numbered>()]
  const network = new Network(random)
  const got: string[] = []
  const transmit = ({ sequence, text }: Numbered) =>
    network.post(() => there.arrive(sequence) === 'take' && got.push(text))
  for (let nowMs = 0; nowMs < 100_000 && (here.sent < count || here.unacknowledged > 0); nowMs += 10) {
    if (here.sent < count) transmit(here.send(nowMs, numbered(`frame ${here.sent + 1}`)))
    for (const frame of here.overdue(nowMs, 50)) transmit(frame)
    const { received } = there
    network.post(() => here.acknowledge(nowMs, received))
    network.deliver()
  }
  return { got, left: here.unacknowledged, posted: network.posted }
}

describe('over a network that loses, doubles and reorders', () => {
  it.each(Array.from({ length: 50 }, (_, seed) => seed))('everything comes once and in order (seed %i)', (seed) => {
    const { got, left, posted } = talk(seeded(seed), 100)
    expect(got).toEqual(Array.from({ length: 100 }, (_, index) => `frame ${index + 1}`))
    expect(left).toBe(0)
    expect(posted).toBeGreaterThan(200)
  })
})
