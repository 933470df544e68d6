/**
 * A DEALER and a ROUTER of zeromq.js with msgpack, written by hand: no validation, no deadlines, no errors, no lost peers.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { pack, unpack } from 'msgpackr'
import { Dealer, Router } from 'zeromq'
import { type Message, messageOf } from './message.js'
import type { Rpc } from './rpc-contender.js'

/** How many messages of a stream go in one frame. */
const STREAM_PACK = 256

type Ticketed = readonly [ticket: number, message: Message]
/** Questions, or the number of messages wanted of a stream. */
type Frame = readonly Ticketed[] | number

/** What is asked in one turn of the event loop goes in one frame. */
export const rawPacked: Rpc = raw(true)
export const rawSingle: Rpc = raw(false)

function raw(packs: boolean): Rpc {
  return {
    async serve() {
      // It would drop what a slow client does not take.
      const router = new Router({ mandatory: true })
      await router.bind('tcp://127.0.0.1:*')
      void answer(router)
      return router.lastEndpoint!
    },
    connect: async (address) => ({
      call: caller(dealerTo(address), packs),
      read: (count, take) => readStream(dealerTo(address), count, take),
    }),
  }
}

async function answer(router: Router): Promise<void> {
  for await (const [peer, frame] of router) {
    const asked = unpack(frame!) as Frame
    if (typeof asked === 'number') await sendStream(router, peer!, asked)
    else await router.send([peer!, pack(asked)])
  }
}

function caller(dealer: Dealer, packs: boolean): (question: Message) => Promise<Message> {
  const waiting = new Map<number, (answer: Message) => void>()
  const queue: Ticketed[] = []
  let sending = false
  let lastTicket = 0
  // One send at a time is all that a socket takes.
  const flush = async () => {
    sending = true
    while (queue.length > 0) {
      if (packs) await nextTurn()
      await dealer.send(pack(queue.splice(0, packs ? queue.length : 1)))
    }
    sending = false
  }
  void (async () => {
    for await (const [frame] of dealer) {
      for (const [ticket, message] of unpack(frame!) as readonly Ticketed[]) {
        waiting.get(ticket)?.(message)
        waiting.delete(ticket)
      }
    }
  })()
  return (question) =>
    new Promise((resolve) => {
      waiting.set(++lastTicket, resolve)
      queue.push([lastTicket, question])
      if (!sending) void flush()
    })
}

async function sendStream(router: Router, peer: Buffer, count: number): Promise<void> {
  for (let next = 0; next < count; ) {
    const length = Math.min(STREAM_PACK, count - next)
    await router.send([peer, pack(Array.from({ length }, () => messageOf(next++)))])
  }
}

async function readStream(dealer: Dealer, count: number, take: (message: Message) => void): Promise<void> {
  await dealer.send(pack(count))
  for (let left = count; left > 0; ) {
    const [frame] = await dealer.receive()
    const messages = unpack(frame!) as readonly Message[]
    for (const message of messages) take(message)
    left -= messages.length
  }
  dealer.close()
}

function dealerTo(address: string): Dealer {
  const dealer = new Dealer()
  dealer.connect(address)
  return dealer
}
