/**
 * What options do that the other tests have no need of.
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { ZMQMonitor } from '@troupe/core'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { expect, it, onTestFinished } from 'vitest'
import { freeAddress } from './transports.js'

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

const portOf = (address: string) => Number(/:(\d+)$/.exec(address)?.[1])

/** A SOCKS5 proxy without authentication, as RFC 1928 has it, for IPv4 addresses. */
function socksServer(asked: string[]): Server {
  return createServer(async (client) => {
    client.on('error', () => undefined)
    await once(client, 'data')
    client.write(Buffer.from([5, 0]))
    const [request] = (await once(client, 'data')) as [Buffer]
    const [host, port] = [[...request.subarray(4, 8)].join('.'), request.readUInt16BE(8)]
    asked.push(`${host}:${port}`)
    const target = connect(port, host)
    target.on('error', () => undefined)
    await once(target, 'connect')
    client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]))
    client.pipe(target).pipe(client)
  })
}

it('socksProxy connects through the proxy', async () => {
  const asked: string[] = []
  const proxy = await listening(socksServer(asked))
  await using pull = new ZMQPull('tcp://127.0.0.1:*')
  const address = await pull.endpoint()
  await using push = new ZMQPush(address, { socksProxy: `127.0.0.1:${proxy}` })
  await push.send('roundabout')
  expect(await pull.receive()).toBe('roundabout')
  expect(asked).toEqual([`127.0.0.1:${portOf(address)}`])
})

it('networkDevice uses that device alone: there is none of this name', async () => {
  await using pull = new ZMQPull('tcp://127.0.0.1:*', { networkDevice: 'nosuchdevice0' })
  await expect(pull.ready()).rejects.toMatchObject({ code: 'ENDPOINT_UNAVAILABLE' })
})

it('reconnectIntervalMs is the wait before each attempt, and grows to reconnectMaxIntervalMs', async () => {
  await using push = new ZMQPush(undefined, { reconnectIntervalMs: 10, reconnectMaxIntervalMs: 40 })
  using monitor = new ZMQMonitor(push)
  await push.connect(await freeAddress('tcp'))
  const intervals: number[] = []
  for await (const event of monitor) {
    if (event.type === 'connect_retried') intervals.push(event.intervalMs)
    if (intervals.length === 6) break
  }
  expect(Math.max(...intervals)).toBeLessThanOrEqual(50)
  expect(intervals.at(-1)).toBeGreaterThan(intervals[0]!)
})

it('reconnectIntervalMs -1 does not try again', async () => {
  await using push = new ZMQPush(undefined, { reconnectIntervalMs: -1 })
  using monitor = new ZMQMonitor(push)
  await push.connect(await freeAddress('tcp'))
  const types: string[] = []
  for await (const { type } of monitor) {
    types.push(type)
    if (type === 'closed') break
  }
  expect(types).not.toContain('connect_retried')
})

it('handshakeTimeoutMs cuts off a peer that does not speak', async () => {
  await using pull = new ZMQPull('tcp://127.0.0.1:*', { handshakeTimeoutMs: 100 })
  const mute = connect(portOf(await pull.endpoint()), '127.0.0.1')
  mute.on('error', () => undefined).resume()
  await once(mute, 'close')
  expect(mute.destroyed).toBe(true)
})

/** The timers of the kernel for the connections to a port, as /proc/net/tcp has them: 2 is keepalive. With the seconds left. */
function timersOf(port: number): { kind: number; seconds: number }[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', remote = '', state]) => state === '01' && `${local} ${remote}`.includes(`:${hex}`))
    .map(([, , , , , timer = '']) => timer.split(':').map((part) => Number.parseInt(part, 16)))
    .map(([kind = 0, jiffies = 0]) => ({ kind, seconds: jiffies / 100 }))
}

it.runIf(process.platform === 'linux')(
  'tcpKeepalive and tcpKeepaliveIdleSeconds have the kernel probe a silent peer (needs /proc/net/tcp)',
  async () => {
    const keepalive = { tcpKeepalive: 1, tcpKeepaliveIdleSeconds: 30 } as const
    const timers = async (options: { tcpKeepalive?: 1 }) => {
      await using pull = new ZMQPull('tcp://127.0.0.1:*')
      await using push = new ZMQPush(await pull.endpoint(), options)
      await push.send('x')
      await pull.receive()
      return timersOf(portOf(await pull.endpoint()))
    }
    const probed = await timers(keepalive)
    expect(probed.filter(({ kind }) => kind === 2)).toHaveLength(1)
    expect(probed.find(({ kind }) => kind === 2)?.seconds).toBeLessThanOrEqual(31)
    expect((await timers({})).filter(({ kind }) => kind === 2)).toEqual([])
  },
)
