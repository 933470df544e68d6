import { ZMQPair } from '@troupe/pair'
import { anyEndpoint, numbers, TRANSPORTS, take } from '@troupe/testing'
import { describe, expect, it } from 'vitest'
import { alone, pairOf } from './pair-of.js'

const late = { code: 'TIMEOUT' }
const FAST = { reconnectIntervalMs: 10 }

describe.each(TRANSPORTS)('a pair over %s', (transport) => {
  it('waits while it has no peer, and drops nothing (31/EXPAIR)', async () => {
    await using here = new ZMQPair(`@${anyEndpoint(transport)}`)
    await expect(here.send('never', { timeoutMs: 80 })).rejects.toMatchObject(late)
    const sending = Promise.all(numbers(10).map((message) => here.send(message)))
    const receiving = here.receive()
    await using there = new ZMQPair(await here.endpoint())
    await sending
    expect(await take(10, there)).toEqual(numbers(10))
    await there.send('back')
    expect(await receiving).toBe('back')
  })

  it('has one peer: what another sends is never delivered, and it gets nothing (31/EXPAIR)', async () => {
    await using both = await pairOf(transport)
    const { here, there } = both
    await there.send('0')
    expect(await here.receive()).toBe('0')
    await using other = new ZMQPair(await here.endpoint(), { ...FAST, lingerMs: 0 })
    const intruding = Promise.allSettled(numbers(20).map(() => other.send('from another', { timeoutMs: 300 })))
    const overheard = other.receive({ timeoutMs: 300 })
    for (const message of numbers(50)) {
      await Promise.all([here.send(`to ${message}`), there.send(`from ${message}`)])
      expect([await here.receive(), await there.receive()]).toEqual([`from ${message}`, `to ${message}`])
    }
    await expect(overheard).rejects.toMatchObject(late)
    await intruding
    await expect(here.receive({ timeoutMs: 100 })).rejects.toMatchObject(late)
    expect(here.stats.received).toBe(51)
  })

  it('whose peer has closed waits for another, and speaks with that', async () => {
    await using here = new ZMQPair(`@${anyEndpoint(transport)}`)
    const address = await here.endpoint()
    for (const name of ['first', 'second', 'third']) {
      await using there = new ZMQPair(address, FAST)
      await there.send(name)
      expect(await here.receive()).toBe(name)
      await here.send(`hello ${name}`)
      expect(await there.receive()).toBe(`hello ${name}`)
      await there.close()
      await alone(here)
    }
    const [receiving, sending] = [here.receive(), here.send('patient')]
    await using last = new ZMQPair(address, FAST)
    await last.send('last')
    expect([await receiving, await last.receive()]).toEqual(['last', 'patient'])
    await sending
  })

  it('keeps for the next receive what comes when the last has given up', async () => {
    await using both = await pairOf(transport)
    const { here, there } = both
    for (const message of numbers(3)) {
      const receives = [here.receive({ timeoutMs: 10 }), there.receive({ timeoutMs: 10 })]
      for (const receive of receives) await expect(receive).rejects.toMatchObject(late)
      await Promise.all([here.send(message), there.send(message)])
      // Time to come while nobody receives; what comes later is received as well.
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect([await here.receive(), await there.receive()]).toEqual([message, message])
    }
  })

  it('closes while it receives: that is rejected with CLOSED, and what its peer receives waits on', async () => {
    await using both = await pairOf(transport)
    const { here, there } = both
    await here.send('x')
    expect(await there.receive()).toBe('x')
    const closed = { name: 'ClosedError', code: 'CLOSED', message: 'the pair socket is closed' }
    const receives = [here.receive(), here.receive({ timeoutMs: 5_000 })]
    const outcomes = Promise.all(receives.map((receive) => expect(receive).rejects.toMatchObject(closed)))
    await here.close()
    await outcomes
    await expect(here.receive()).rejects.toMatchObject(closed)
    await expect(there.receive({ timeoutMs: 50 })).rejects.toMatchObject(late)
  })

  it('that has no peer closes though it sends and receives', async () => {
    const here = new ZMQPair(`@${anyEndpoint(transport)}`)
    const operations = [here.send('in flight'), here.send('waits'), here.receive(), here.receive()]
    const outcomes = operations.map((one) => expect(one).rejects.toMatchObject({ code: 'CLOSED' }))
    await here.close()
    await Promise.all(outcomes)
    expect(here.stats).toEqual({ sent: 0, dropped: 0, received: 0, invalid: 0, denied: 0 })
  })

  it('that is iterated gives each message, answers meanwhile, and ends when it is closed', async () => {
    await using both = await pairOf(transport)
    const { here, there } = both
    const echoing = (async () => {
      let count = 0
      for await (const message of there) {
        await there.send(`${message}!`)
        count++
      }
      return count
    })()
    const answers: string[] = []
    const asking = Promise.all(numbers(100).map((message) => here.send(message)))
    for await (const answer of here) if (answers.push(answer) === 100) void here.close()
    await asking
    await there.close()
    expect(answers).toEqual(numbers(100).map((message) => `${message}!`))
    expect(await echoing).toBe(100)
  })
})
