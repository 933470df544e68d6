/**
 * Raw connections of tcp for a farm and a service that are up, with security and without: the bytes of an honest connection and
 * then not quite, lengths beyond all, slow bytes, and none at all. An honest client calls beside them.
 */
import { once } from 'node:events'
import { connect as dial, type Socket } from 'node:net'
import { Farm, FarmWorkers } from '@troupe/actors/farm'
import { connect, contract, procedure, serve } from '@troupe/actors/rpc'
import { Certificate } from '@troupe/core'
import { type Seeded, seeded } from '@troupe/testing/seeded'
import { recordedThrough } from '@troupe/testing/tcp-proxy'
import { z } from 'zod'
import { double } from '../farm/fixtures/tasks.mjs'
import type { Lived } from './live.js'
import { mutated } from './mutation.js'

/** Connections that are open at once; the oldest is closed then. */
const OPEN = 64
/** Connections between two honest calls. */
const BETWEEN = 100
/** A signature, 3.1, and a mechanism: the greeting of ZMTP. */
const GREETING = (mechanism: string) => {
  const bytes = Buffer.alloc(64)
  Buffer.from('ff00000000000000017f0301', 'hex').copy(bytes)
  bytes.write(mechanism, 12)
  return bytes
}
/** Frames whose lengths are beyond all: of a message, of a command, and of a metadata property. */
const GIANTS = [
  '02ffffffffffffffff',
  '0400000000ffffffff',
  '06ffffffffffffffff',
  '0419055245414459ff',
  '04260552454144590b536f636b65742d54797065ffffffff',
]
const TASKS = new URL('../farm/fixtures/tasks.mjs', import.meta.url)
const echo = contract('echo', { procedures: { echo: procedure({ input: z.unknown(), output: z.unknown() }) } })

/** Something that listens, and what the honest do with it. */
interface Listener extends AsyncDisposable {
  readonly port: number
  /** What an honest peer has sent, from its greeting on. */
  readonly opening: Buffer
  /** @throws when it is not answered rightly */
  call(number: number): Promise<void>
  denied(): number
}

/** So many connections, one after the other, from a seed. */
export async function fuzzConnections(
  what: 'farm' | 'service',
  isSecured: boolean,
  count: number,
  seed: number,
): Promise<Lived> {
  const began = performance.now()
  await using listener = what === 'farm' ? await aFarm(isSecured) : await aService(isSecured)
  const wrong: string[] = []
  let honest = 0
  const open: Socket[] = []
  for (let number = 0; number < count; number++) {
    const random = seeded(seed * 1_000_003 + number)
    open.push(await intrude(listener, random))
    if (open.length > OPEN) open.shift()!.destroy()
    if (number % BETWEEN > 0) continue
    try {
      await listener.call(number)
      honest++
    } catch (error) {
      wrong.push(`an honest call failed: ${error}`)
    }
  }
  for (const socket of open) socket.destroy()
  const name = `tcp, ${what}${isSecured ? ', CURVE' : ''}`
  return {
    name,
    frames: count,
    refused: listener.denied(),
    honest,
    wrong,
    seconds: (performance.now() - began) / 1_000,
  }
}

/** Connects and sends something; the connection is left as it is then. */
async function intrude({ port, opening }: Listener, random: Seeded): Promise<Socket> {
  const socket = dial(port, '127.0.0.1')
  socket.on('error', () => undefined).on('data', () => undefined)
  await Promise.race([once(socket, 'connect'), once(socket, 'close')])
  const way = random.pick(['changed', 'changed', 'changed', 'cut off', 'giant', 'garbage', 'slow', 'silent'] as const)
  if (way === 'changed') socket.write(Buffer.concat(mutated(random, [opening], [opening])))
  else if (way === 'cut off') socket.end(opening.subarray(0, random.whole(0, opening.length)))
  else if (way === 'giant') {
    const begun = random.chance(0.5) ? GREETING(random.pick(['NULL', 'PLAIN', 'CURVE'])) : opening
    socket.write(Buffer.concat([begun, Buffer.from(random.pick(GIANTS), 'hex')]))
  } else if (way === 'garbage')
    socket.write(Buffer.from(Array.from({ length: random.whole(1, 200) }, () => random.whole(0, 255))))
  else if (way === 'slow') await slowly(socket, opening.subarray(0, random.whole(1, 40)))
  return socket
}

async function slowly(socket: Socket, bytes: Buffer): Promise<void> {
  for (const byte of bytes) {
    socket.write(Buffer.from([byte]))
    await new Promise(setImmediate)
  }
}

const portOf = (endpoint: string): number => Number(/\d+$/.exec(endpoint)![0])

async function aFarm(isSecured: boolean): Promise<Listener> {
  const [ours, theirs] = [Certificate.generate(), Certificate.generate()]
  const security = isSecured ? { certificate: ours, trust: theirs } : undefined
  const farm = await Farm.start({
    ...{ tasks: TASKS, workers: 0, endpoint: 'tcp://127.0.0.1:*', joinable: true, handshakeTimeoutMs: 500, security },
  })
  const join = (port: number) =>
    FarmWorkers.join({
      ...{ tasks: TASKS, slots: 1, isolation: 'inline', farm: `tcp://127.0.0.1:${port}` },
      security: isSecured ? { certificate: theirs, trust: ours.publicOnly() } : undefined,
    })
  const port = portOf(farm.endpoint!)
  const opening = await recordedThrough(port, async (through) => {
    const workers = await join(through)
    await farm.submit(double, 1)
    await workers.leave()
  })
  const workers = await join(port)
  return {
    ...{ port, opening },
    async call(number) {
      const output = await farm.submit(double, number)
      if (output !== 2 * number) throw new Error(`twice ${number} was ${output}`)
    },
    denied: () => farm.stats().denied + farm.stats().strays,
    async [Symbol.asyncDispose]() {
      await workers.stop()
      await farm.stop()
    },
  }
}

async function aService(isSecured: boolean): Promise<Listener> {
  const [ours, theirs] = [Certificate.generate(), Certificate.generate()]
  const service = await serve(
    echo,
    { echo: (value) => value },
    {
      ...{ endpoint: 'tcp://127.0.0.1:*', handshakeTimeoutMs: 500 },
      security: isSecured ? { certificate: ours, trust: theirs } : undefined,
    },
  )
  const clientOf = (port: number) =>
    connect(echo, {
      endpoints: [`tcp://127.0.0.1:${port}`],
      security: isSecured ? { certificate: theirs, trust: ours.publicOnly() } : undefined,
    })
  const port = portOf(service.endpoint)
  const opening = await recordedThrough(port, async (through) => {
    const client = clientOf(through)
    await client.echo('hello')
    await client.close()
  })
  const client = clientOf(port)
  return {
    ...{ port, opening },
    async call(number) {
      const answer = await client.echo(number)
      if (answer !== number) throw new Error(`${number} was answered with ${answer}`)
    },
    denied: () => service.stats.denied,
    async [Symbol.asyncDispose]() {
      await client.close()
      await service.stop()
    },
  }
}
