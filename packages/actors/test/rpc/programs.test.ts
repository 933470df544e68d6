/**
 * Servers and clients in processes of their own, which are killed, frozen and left to end by themselves.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { freeAddress } from '@troupe/testing'
import { isAlive } from '@troupe/testing/is-alive'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type KitchenClient, newTag, openClient, openKitchen, range, until } from './open-service.js'

/** Runs a program of the fixtures until the end of the test; resolves with the first line that it writes. */
async function run(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url)), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = (await once(createInterface(child.stdout!), 'line')) as [string]
  return { child, line }
}

const LIVELY = { heartbeatMs: 50, livenessMs: 300 }
const QUICK = { reconnect: { minMs: 20, maxMs: 50 } }

const runServer = (options: object = {}) => run('server.mjs', [JSON.stringify({ ...LIVELY, ...options })])
const isReady = (client: KitchenClient, count: number) =>
  until(() => client.state.servers.filter(({ state }) => state === 'open').length === count)
const pendingAt = (client: KitchenClient, endpoint: string) =>
  client.state.servers.find((server) => server.endpoint === endpoint)?.pending ?? 0

async function gone(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL')
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

describe('a client that is killed', () => {
  it('has its calls aborted within the liveness of its server, and those with streams too', async () => {
    const service = await openKitchen(LIVELY)
    const tag = newTag()
    const { child, line } = await run('reader.mjs', [service.endpoint, tag])
    expect(line).toBe('reading')
    await until(() => service.stats.running === 3)
    await gone(child)
    await until(() => service.stats.running === 0 && service.stats.sessions === 0)
    expect(service.stats.cancelled).toBe(3)
    const client = openClient(service)
    for (const part of ['call', 'in', 'out']) {
      expect(await client.seen(`${tag}-${part}`)).toMatchObject({ aborted: 'ABORTED', finished: true })
    }
  })
})

describe('a server that is killed', () => {
  it('under load costs no idempotent call, and the others that it had fail with SERVER_LOST', async () => {
    const servers = await Promise.all([runServer(), runServer(), runServer()])
    const client = openClient(servers.map(({ line }) => line))
    await isReady(client, 3)
    const [victim] = servers
    const waits = range(30).map(() => client.wait({ tag: newTag() }, { timeoutMs: 3_000 }).catch((error) => error))
    const load = async (worker: number) => {
      for (const n of range(200)) expect(await client.echo(`${worker}/${n}`)).toBe(`${worker}/${n}`)
    }
    const loads = Promise.all([...range(20).map(load), ...range(30).map(() => client.pause(500))])
    await until(() => pendingAt(client, victim!.line) > 15)
    await gone(victim!.child)
    await loads
    const codes = (await Promise.all(waits)).map(({ code }: { code: string }) => code)
    expect(codes.filter((code) => code === 'SERVER_LOST').length).toBeGreaterThan(3)
    expect(new Set(codes)).toEqual(new Set(['SERVER_LOST', 'TIMEOUT']))
    expect(client.state.pending).toBe(0)
  })

  it('in the middle of a stream fails it with SERVER_LOST, after what came before', async () => {
    const { child, line } = await runServer()
    const client = openClient([line])
    const stream = client.count({ to: 5, last: 'wait' })
    const items = [await stream.next()]
    await gone(child)
    for (const _ of range(4)) items.push(await stream.next())
    expect(items.map(({ value }) => value)).toEqual(range(5))
    await expect(stream.next()).rejects.toMatchObject({ code: 'SERVER_LOST', retryable: true, endpoint: line })
    expect(await stream.next()).toEqual({ done: true, value: undefined })
  })

  it('is used again when it comes back at its endpoint', async () => {
    const endpoint = await freeAddress('tcp')
    const first = await runServer({ endpoint })
    const client = openClient([endpoint], { ...QUICK, waitForServerMs: 10_000 })
    expect(await client.echo(1)).toBe(1)
    const { instance } = client.state.servers[0]!
    await gone(first.child)
    const call = client.echo(2)
    await runServer({ endpoint })
    expect(await call).toBe(2)
    expect(client.state.servers[0]?.instance).not.toBe(instance)
  })
})

describe('a server that is frozen', () => {
  it('loses its calls within its liveness, and is used again when it goes on', async () => {
    const { child, line } = await runServer()
    const client = openClient([line], { ...QUICK, waitForServerMs: 10_000, timeoutMs: 0 })
    const wait = client.wait({ tag: newTag() })
    await until(() => pendingAt(client, line) === 1)
    child.kill('SIGSTOP')
    const began = performance.now()
    await expect(wait).rejects.toMatchObject({ code: 'SERVER_LOST', message: expect.stringContaining('300 ms') })
    // Its liveness, a heartbeat, and what a busy machine adds.
    expect(performance.now() - began).toBeLessThan(2_000)
    const call = client.echo('again')
    child.kill('SIGCONT')
    expect(await call).toBe('again')
  })

  it('has its idempotent calls made at another', async () => {
    const [frozen, other] = await Promise.all([runServer(), runServer()])
    const client = openClient([frozen.line, other.line], { timeoutMs: 0, balance: 'round_robin' })
    await isReady(client, 2)
    frozen.child.kill('SIGSTOP')
    expect(await Promise.all(range(10).map((n) => client.echo(n)))).toEqual(range(10))
  })
})

describe('a program', () => {
  it('ends by itself once it has closed its clients and services, and leaves no process and no file', async () => {
    const temporary = mkdtempSync(join(tmpdir(), 'rpc-test-'))
    onTestFinished(() => rmSync(temporary, { recursive: true }))
    const { child, line } = await run('whole.mjs', [], { TMPDIR: temporary })
    const [exitCode] = child.exitCode === null ? ((await once(child, 'exit')) as [number]) : [child.exitCode]
    const { got, workers } = JSON.parse(line) as { got: unknown[]; workers: number[] }
    expect([exitCode, got]).toEqual([0, ['a', 60, 0, 1, 2, 'UNAVAILABLE']])
    expect(workers.filter(isAlive)).toEqual([])
    expect(readdirSync(temporary)).toEqual([])
  })
})
