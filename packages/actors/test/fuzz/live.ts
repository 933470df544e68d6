/**
 * Mutated messages for a farm and a service that are up, by sockets, with an honest worker and an honest client beside.
 */
import { Farm } from '@troupe/actors/farm'
import { connect, contract, procedure, serve } from '@troupe/actors/rpc'
import { ZMQDealer } from '@troupe/dealer-router'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { seeded } from '@troupe/testing/seeded'
import { z } from 'zod'
import { decodeBody, decodeHeader, encodeBody } from '../../dist/farm/wire.js'
import { decodeFrame, encodeFrame } from '../../dist/rpc/wire.js'
import * as tasks from '../farm/fixtures/tasks.mjs'
import { double } from '../farm/fixtures/tasks.mjs'
import { farmMessages, headerOf, RPC_ITEMS, rpcMessages } from './corpus.js'
import { changedPrototype, messageOf } from './fuzz.js'

export interface Lived {
  readonly name: string
  readonly frames: number
  /** Messages, or sessions, that were refused, as far as the server says so. */
  readonly refused: number
  /** What the honest were answered. */
  readonly honest: number
  readonly seconds: number
  readonly wrong: readonly string[]
}

/** Messages that one peer sends before another comes. */
const OF_A_PEER = 250
const TASKS = new URL('../farm/fixtures/tasks.mjs', import.meta.url)
const SIGNS = Object.values(tasks).map(({ name, version }) => ({ name, ...(version && { version }) }))

/** For the sink of a farm that others may join. One who is welcome sends frames of the farm's own run, and is put out. */
export async function fuzzFarm(frames: number, seed: number): Promise<Lived> {
  const began = performance.now()
  const options = { endpoint: 'tcp://127.0.0.1:*', joinable: true, isolation: 'inline', graceMs: 0 } as const
  const farm = await Farm.start({
    tasks: TASKS,
    workers: [{ count: 1, tags: ['honest'] }],
    ...options,
  })
  const wrong: string[] = []
  let [sent, honest, refused] = [0, 0, 0]
  try {
    for (let peer = 0; sent < frames; peer++) {
      const count = Math.min(OF_A_PEER, frames - sent)
      await sendToFarm(farm.endpoint!, { seed, from: sent, count, isWelcome: peer % 4 === 0 })
      sent += count
      const outputs = await farm.submitMany(double, [peer, peer + 1], { tags: ['honest'] }).catch(String)
      if (`${outputs}` === `${[2 * peer, 2 * peer + 2]}`) honest++
      else wrong.push(`an honest worker gave ${outputs}`)
    }
    refused = farm.stats().strays
    if (farm.state !== 'running') wrong.push(`the farm is ${farm.state}`)
  } finally {
    await farm.stop()
  }
  return lived({ name: 'farm, live', frames: sent, refused, honest, wrong }, began)
}

interface Batch {
  readonly seed: number
  readonly from: number
  readonly count: number
}

async function sendToFarm(endpoint: string, { seed, from, count, isWelcome }: Batch & { isWelcome: boolean }) {
  const sink = new ZMQPush(`>${endpoint}`, { codec: 'frames', lingerMs: 5_000 })
  const inbox = new ZMQPull('@tcp://127.0.0.1:*', { codec: 'frames' })
  const incarnation = `peer-${seed}-${from}`
  let run = 'run'
  let token: string | undefined
  if (isWelcome) {
    const body = { inbox: await inbox.endpoint(), pid: process.pid, tasks: SIGNS, encodings: ['records', 'msgpack'] }
    await sink.send([headerOf('HELLO', '', incarnation, 0), encodeBody(body, 'msgpack')])
    const welcome = (await inbox.receive())!
    run = decodeHeader(welcome)!.run
    token = decodeBody('WELCOME', welcome[1]!, 'msgpack')!.token
    await sink.send([headerOf('BEAT', run, incarnation, 0, token), encodeBody(null, 'msgpack')])
  }
  const corpus = farmMessages('records').flatMap((parts) => {
    const kind = decodeHeader(parts)!.kind
    // Who says HELLO again and again as somebody new is many peers.
    return kind === 'HELLO' ? [] : [[headerOf(kind, run, incarnation, 1 + (from % 2), token), ...parts.slice(1)]]
  })
  for (let number = from; number < from + count; number++) {
    const parts = messageOf(corpus, seed, number)
    if (parts.length > 0) await sink.send([...parts])
  }
  await sink.close()
  await inbox.close()
}

const anything = z.unknown()
const kitchen = contract('kitchen', {
  version: '1',
  procedures: { echo: procedure({ input: anything, output: anything }) },
})

/** For a service, with a session and without. */
export async function fuzzService(endpoint: string, frames: number, seed: number): Promise<Lived> {
  const began = performance.now()
  const service = await serve(kitchen, { echo: (value) => value }, { endpoint })
  const client = connect(kitchen, { endpoints: [service.endpoint], retries: 0, timeoutMs: 60_000 })
  const wrong: string[] = []
  let [sent, honest, refused] = [0, 0, 0]
  try {
    for (let peer = 0; sent < frames; peer++) {
      const count = Math.min(OF_A_PEER, frames - sent)
      refused += await sendToService(service.endpoint, { seed, from: sent, count })
      sent += count
      const answer = await client.echo({ peer }).catch(String)
      if (JSON.stringify(answer) === `{"peer":${peer}}`) honest++
      else wrong.push(`an honest client was answered ${answer}`)
    }
  } finally {
    await client.close()
    await service.stop()
  }
  const name = `rpc, live ${endpoint.slice(0, 3)}`
  return lived({ name, frames: sent, refused, honest, wrong }, began)
}

/** Returns how many of its sessions were ended, and frames refused. */
async function sendToService(endpoint: string, { seed, from, count }: Batch): Promise<number> {
  let refused = 0
  // A session ends with the first frame that is none.
  for (let number = from; number < from + count; ) {
    const random = seeded(seed + number)
    const encoding = random.pick(['msgpack', 'json'] as const)
    const until = Math.min(number + random.whole(1, 40), from + count)
    const dealer = new ZMQDealer(`>${endpoint}`, { codec: 'frames', lingerMs: 0 })
    await dealer.send([encodeFrame(1, [RPC_ITEMS[0]!], encoding)])
    for (let sequence = 2; number < until; number++, sequence++) {
      const parts = messageOf(rpcMessages(encoding, sequence), seed, number)
      if (parts.length > 0) await dealer.send([...parts])
    }
    // It has taken all before: then it answers this, or has ended the session.
    await dealer.send([Buffer.from('this is no frame')])
    refused += await ended(dealer)
    await dealer.close()
  }
  return refused
}

const BYE = 13

async function ended(dealer: ZMQDealer<{ codec: 'frames' }>): Promise<number> {
  for await (const [part] of dealer) {
    const items = part === undefined ? [] : (decodeFrame(part)?.items ?? [])
    if (items.some(([kind]) => kind === BYE)) return 1
  }
  return 0
}

function lived(facts: Omit<Lived, 'seconds'>, began: number): Lived {
  const changed = changedPrototype()
  const wrong = changed === undefined ? facts.wrong : [...facts.wrong, changed]
  return { ...facts, wrong, seconds: (performance.now() - began) / 1_000 }
}
