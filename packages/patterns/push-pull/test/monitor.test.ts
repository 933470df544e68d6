import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { type MonitorEvent, type PullOptions, ZMQMonitor } from '@troupe/core'
import { ZMQPull, ZMQPush } from '@troupe/push-pull'
import { anyEndpoint, freeAddress, WIRES } from '@troupe/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Pull, Push, Reply } from 'zeromq'

/** The next event of a type. Those before it are passed over. */
async function next(monitor: ZMQMonitor, ...types: MonitorEvent['type'][]): Promise<MonitorEvent> {
  for await (const event of monitor) if (types.includes(event.type)) return event
  throw new Error(`the events ended before ${types.join(' or ')}`)
}

/** The events up to the end. */
async function rest(monitor: ZMQMonitor): Promise<MonitorEvent[]> {
  const events: MonitorEvent[] = []
  for await (const event of monitor) events.push(event)
  return events
}

describe.each(WIRES)('a monitor over %s', (transport) => {
  it('sees a socket listen, a peer come, and a peer go', async () => {
    await using pull = new ZMQPull()
    using monitor = new ZMQMonitor(pull)
    const address = await pull.bind(anyEndpoint(transport))
    const push = new ZMQPush(address)
    const seen: MonitorEvent[] = []
    for await (const event of monitor) {
      seen.push(event)
      if (event.type === 'handshake_succeeded') await push.close()
      if (event.type === 'disconnected') break
    }
    expect(seen.map(({ type }) => type)).toEqual(['listening', 'accepted', 'handshake_succeeded', 'disconnected'])
    expect(seen[0]).toEqual({ type: 'listening', address })
  })

  it('sees a connection made, lost, tried again, and made again', async () => {
    const address = await freeAddress(transport)
    await using push = new ZMQPush(undefined, { reconnectIntervalMs: 20 })
    using monitor = new ZMQMonitor(push)
    await push.connect(address)
    expect(await next(monitor, 'connect_retried')).toMatchObject({ intervalMs: expect.any(Number) })
    const first = new ZMQPull(address)
    await next(monitor, 'connected')
    await next(monitor, 'handshake_succeeded')
    await first.close()
    await next(monitor, 'disconnected')
    await using second = new ZMQPull(address)
    await second.ready()
    expect(await next(monitor, 'handshake_succeeded')).toMatchObject({ address: expect.any(String) })
  })

  it('ends when the socket is closed, after the events that came before', async () => {
    const pull = new ZMQPull()
    const monitor = new ZMQMonitor(pull)
    await pull.bind(anyEndpoint(transport))
    await next(monitor, 'listening')
    await pull.close()
    expect(await rest(monitor)).toEqual([expect.objectContaining({ type: 'closed' })])
  })

  // Over ipc no address comes twice.
  it.runIf(transport === 'ipc')('that nobody reads drops the oldest events beyond 1,000, and counts them', async () => {
    await using pull = new ZMQPull()
    using monitor = new ZMQMonitor(pull)
    const first = await pull.bind(anyEndpoint(transport))
    for (let round = 0; round < 600; round++) await pull.unbind(await pull.bind(anyEndpoint(transport)))
    await expect.poll(() => monitor.dropped).toBeGreaterThan(100)
    monitor.close()
    const events = await rest(monitor)
    expect(events).toHaveLength(1_000)
    expect(events).not.toContainEqual({ type: 'listening', address: first })
  })

  // The I/O thread sends and answers the PINGs of ZMTP 3.1: so a peer that computes is alive, one that is stopped not.
  it.runIf(process.platform !== 'win32')('sees a stopped peer by heartbeats, and sees it come back', async () => {
    const heartbeatIntervalMs = 100
    const heartbeatTimeoutMs = 200
    // The peer will be killed, and could not remove an ipc file of its own.
    const address = await freeAddress(transport)
    const peer = spawn(process.execPath, ['--input-type=module', '-e', PEER, address], {
      cwd: import.meta.dirname,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    onTestFinished(() => void peer.kill('SIGKILL'))
    await new Promise((resolve) => peer.stdout.once('data', resolve))
    await using push = new ZMQPush(undefined, { heartbeatIntervalMs, heartbeatTimeoutMs, lingerMs: 0 })
    using monitor = new ZMQMonitor(push)
    await push.connect(address)
    await next(monitor, 'handshake_succeeded')
    peer.kill('SIGSTOP')
    const stoppedMs = performance.now()
    await next(monitor, 'disconnected')
    const foundMs = performance.now() - stoppedMs
    expect(foundMs).toBeGreaterThan(heartbeatTimeoutMs - heartbeatIntervalMs)
    // Up to one interval until the next PING, then the time for its answer; the rest is for a busy machine.
    expect(foundMs).toBeLessThan(heartbeatIntervalMs + heartbeatTimeoutMs + 1_000)
    peer.kill('SIGCONT')
    await next(monitor, 'handshake_succeeded')
  })
})

const PEER = `
  import { ZMQPull } from '@troupe/push-pull'
  const pull = new ZMQPull(process.argv[1])
  console.log(await pull.endpoint())
  for await (const _ of pull);
`

describe('a monitor tells why a handshake failed', () => {
  const listening = async (options: PullOptions = {}) => {
    const pull = new ZMQPull(undefined, options)
    const monitor = new ZMQMonitor(pull)
    const address = await pull.bind('tcp://127.0.0.1:*')
    return { monitor, address, port: Number(address.split(':').at(-1)), [Symbol.asyncDispose]: () => pull.close() }
  }

  it('"other": the peer went away', async () => {
    await using one = await listening()
    const socket = connect(one.port, '127.0.0.1', () => socket.end('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n'))
    socket.resume()
    expect(await next(one.monitor, 'handshake_failed')).toMatchObject({ reason: 'other', error: expect.any(Error) })
  })

  it('"other": the peer said nothing in handshakeTimeoutMs', async () => {
    await using one = await listening({ handshakeTimeoutMs: 50 })
    const socket = connect(one.port, '127.0.0.1')
    socket.resume()
    expect(await next(one.monitor, 'handshake_failed')).toMatchObject({ reason: 'other', error: { code: 'EAGAIN' } })
  })

  it('"protocol": the peer has another mechanism', async () => {
    await using one = await listening()
    const push = new Push({ plainUsername: 'ann', plainPassword: 'x', linger: 0, reconnectInterval: -1 })
    push.connect(one.address)
    expect(await next(one.monitor, 'handshake_failed')).toMatchObject({
      reason: 'protocol',
      error: { code: 'ERR_ZMTP_MECHANISM_MISMATCH' },
    })
    push.close()
  })

  it('"auth": the peer refused us', async () => {
    const handler = new Reply({ linger: 0 })
    await handler.bind('inproc://zeromq.zap.01')
    const refusing = (async () => {
      const [version, request] = await handler.receive()
      await handler.send([version!, request!, '400', 'not you', '', ''])
    })()
    const guarded = new Pull({ zapDomain: 'guarded' })
    await guarded.bind('tcp://127.0.0.1:*')
    await using push = new ZMQPush(undefined, { lingerMs: 0 })
    using monitor = new ZMQMonitor(push)
    await push.connect(guarded.lastEndpoint!)
    expect(await next(monitor, 'handshake_failed')).toMatchObject({ reason: 'auth', error: { status: 400 } })
    await refusing
    guarded.close()
    handler.close()
  })
})

it('sees a bind fail', async () => {
  await using taken = new ZMQPull('tcp://127.0.0.1:*')
  await using pull = new ZMQPull()
  using monitor = new ZMQMonitor(pull)
  await expect(pull.bind(await taken.endpoint())).rejects.toMatchObject({ code: 'ENDPOINT_IN_USE' })
  expect(await next(monitor, 'bind_failed')).toMatchObject({ error: { code: 'EADDRINUSE' } })
})

it('that is closed ends, and the socket goes on', async () => {
  await using pull = new ZMQPull()
  const monitor = new ZMQMonitor(pull)
  monitor.close()
  monitor.close()
  const address = await pull.bind('tcp://127.0.0.1:*')
  for await (const _ of monitor) expect.unreachable()
  await using push = new ZMQPush(address)
  await push.send('x')
  expect(await pull.receive()).toBe('x')
})

it('is one to a socket', async () => {
  await using pull = new ZMQPull()
  using monitor = new ZMQMonitor(pull)
  expect(() => new ZMQMonitor(pull)).toThrow(expect.objectContaining({ code: 'SOCKET_FAILED' }))
  expect(monitor.dropped).toBe(0)
})

it('of a closed socket has no events', async () => {
  const pull = new ZMQPull()
  await pull.close()
  for await (const _ of new ZMQMonitor(pull)) expect.unreachable()
  expect(pull.state).toBe('stopped')
})
