/**
 * What options do that the other tests have no need of.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Server } from 'node:net'
import { ZMQMonitor } from '@troupe/core'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { freeAddress } from '@troupe/testing'
import { expect, it, onTestFinished } from 'vitest'

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

const LINUX = process.platform === 'linux'

/** A process with a socket, made by an expression; it is stopped, so that the kernel alone answers for it. */
async function stopped(socket: string): Promise<string> {
  const script = `
    import { ZMQPull, ZMQPush } from '@troupe/push-pull'
    const socket = ${socket}
    console.log(await socket.endpoint())
    setInterval(() => undefined, 1_000)
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  child.kill('SIGSTOP')
  await expect.poll(() => (LINUX ? threadStates(child.pid!) : 'T')).toMatch(/^T+$/)
  return String(line).trim()
}

/** One letter for each thread: T for a stopped one. */
const threadStates = (pid: number) =>
  readdirSync(`/proc/${pid}/task`)
    .map((thread) => readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8').replace(/^.*\) (.).*$/s, '$1'))
    .join('')

/** Connections to a port, and how many of them the kernel has let in. */
function knock(port: number, count: number) {
  let connected = 0
  for (let n = 0; n < count; n++) {
    const socket = connect(port, '127.0.0.1', () => connected++)
    socket.on('error', () => undefined)
    onTestFinished(() => void socket.destroy())
  }
  return () => connected
}

it.runIf(LINUX)('backlog bounds how many connections wait to be accepted (as Linux counts them)', async () => {
  const few = knock(portOf(await stopped("new ZMQPull('tcp://127.0.0.1:*', { backlog: 1 })")), 8)
  const many = knock(portOf(await stopped("new ZMQPull('tcp://127.0.0.1:*', { backlog: 100 })")), 8)
  await expect.poll(many).toBe(8)
  await expect.poll(few).toBeGreaterThan(0)
  expect(few()).toBeLessThan(4)
})

it.runIf(LINUX)('connectTimeoutMs ends an attempt that nobody answers (as Linux drops them)', async () => {
  const address = await stopped("new ZMQPull('tcp://127.0.0.1:*', { backlog: 1 })")
  // One more than the backlog, and there is no room.
  await expect.poll(knock(portOf(address), 8)).toBe(2)
  await using push = new ZMQPush(undefined, { connectTimeoutMs: 100, reconnectIntervalMs: 10, lingerMs: 0 })
  using monitor = new ZMQMonitor(push)
  await push.connect(address)
  const types: string[] = []
  for await (const { type } of monitor) {
    types.push(type)
    if (type === 'connect_retried') break
  }
  expect(types).not.toContain('connected')
})

it.runIf(process.platform !== 'win32')('heartbeatTimeToLiveMs has the peer cut us off when we are silent', async () => {
  await using pull = new ZMQPull()
  using monitor = new ZMQMonitor(pull)
  const address = await pull.bind('tcp://127.0.0.1:*')
  const options = '{ heartbeatIntervalMs: 50, heartbeatTimeToLiveMs: 200 }'
  // It is stopped when it has told its time to live, with its heartbeats.
  const told = 'await new Promise((resolve) => setTimeout(resolve, 300))'
  const stopping = stopped(`new ZMQPush('${address}', ${options}); await socket.send('x'); ${told}`)
  expect(await pull.receive()).toBe('x')
  await stopping
  const types: string[] = []
  for await (const { type } of monitor) {
    types.push(type)
    if (type === 'disconnected') break
  }
  expect(types).toContain('handshake_succeeded')
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

it.runIf(LINUX)(
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
