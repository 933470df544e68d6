import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ZMQMonitor } from '@troupe/core'
import { ZMQPair } from '@troupe/pair'
import { anyEndpoint, type Transport, WIRES } from '@troupe/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { alone } from './pair-of.js'

const FAST = { reconnectIntervalMs: 10 }

/** A process whose pair answers what it gets; resolves with the address of its pair when that is open. */
async function echo(endpoint: string) {
  const script = `
    import { ZMQPair } from '@troupe/pair'
    const pair = new ZMQPair(process.argv[1], { reconnectIntervalMs: 10 })
    console.log(await pair.endpoint())
    for await (const message of pair) await pair.send(process.pid + ' ' + message)
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, endpoint], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  onTestFinished(() => void child.kill('SIGKILL'))
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const kill = async () => {
    child.kill('SIGKILL')
    expect(await exited).toEqual([null, 'SIGKILL'])
  }
  return { pid: child.pid, address: String(line).trim(), kill }
}

/** An endpoint that a process can bind again when another that had it was killed. */
function lastingEndpoint(transport: Transport): string {
  if (transport !== 'ipc') return anyEndpoint(transport)
  const folder = mkdtempSync(join(tmpdir(), 'troupe-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return `ipc://${folder}/x`
}

describe.each(WIRES)('a pair over %s', (transport) => {
  it('whose peer is killed with SIGKILL waits for the next that connects, and speaks with that', async () => {
    await using here = new ZMQPair(`@${anyEndpoint(transport)}`)
    const address = await here.endpoint()
    const first = await echo(address)
    await here.send('one')
    expect(await here.receive()).toBe(`${first.pid} one`)
    await first.kill()
    await alone(here)
    const sending = here.send('two')
    const second = await echo(address)
    await sending
    expect(await here.receive()).toBe(`${second.pid} two`)
  })

  it('connects again by itself when the peer that bound was killed with SIGKILL and another binds', async () => {
    await using here = new ZMQPair(undefined, FAST)
    using monitor = new ZMQMonitor(here)
    const first = await echo(`@${lastingEndpoint(transport)}`)
    await here.connect(first.address)
    await here.send('one')
    expect(await here.receive()).toBe(`${first.pid} one`)
    await first.kill()
    for await (const { type } of monitor) if (type === 'disconnected') break
    const [sending, receiving] = [here.send('two'), here.receive()]
    const second = await echo(`@${first.address}`)
    await sending
    expect(await receiving).toBe(`${second.pid} two`)
  })

  it('that came when the other had a peer stays unheard when that is gone; a new one is heard', async () => {
    await using here = new ZMQPair()
    using monitor = new ZMQMonitor(here)
    const greeted = async () => {
      for await (const { type } of monitor) if (type === 'handshake_succeeded') break
    }
    const address = await here.bind(anyEndpoint(transport))
    const first = new ZMQPair(address)
    await greeted()
    await using second = new ZMQPair(address)
    await greeted()
    await first.send('first')
    expect(await here.receive()).toBe('first')
    await first.close()
    await alone(here)
    await second.send('unheard')
    await expect(here.receive({ timeoutMs: 100 })).rejects.toMatchObject({ code: 'TIMEOUT' })
    await using third = new ZMQPair(address)
    await third.send('heard')
    expect(await here.receive()).toBe('heard')
    await here.send('hello')
    expect(await third.receive()).toBe('hello')
  })
})
