import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { ZMQReply, ZMQRequest } from '@troupe/request-reply'
import { freeAddress, WIRES } from '@troupe/testing'
import { describe, expect, it, onTestFinished } from 'vitest'

/** A process whose reply takes a request, says so, and answers once it is told to. */
async function serverProcess(address: string) {
  const script = `
    import { ZMQReply } from '@troupe/request-reply'
    const reply = new ZMQReply(process.argv[1])
    await reply.ready()
    process.stdout.write('ready')
    const told = new Promise((resolve) => process.stdin.once('data', resolve))
    for await (const request of reply) {
      process.stdout.write('holds')
      await told
      await reply.send(request + ', by ' + process.pid)
    }
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, address], {
    cwd: import.meta.dirname,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  child.stdout.on('data', (bytes) => {
    said += bytes
  })
  const says = (word: string) => expect.poll(() => said, { timeout: 10_000 }).toContain(word)
  await says('ready')
  return {
    pid: child.pid,
    holds: () => says('holds'),
    answer: () => void child.stdin.write('now'),
    kill: async () => {
      child.kill('SIGKILL')
      expect(await exited).toEqual([null, 'SIGKILL'])
    },
  }
}

describe.each(WIRES)('a reliable request over %s', (transport) => {
  it('outlives its server, when another comes', async () => {
    const address = await freeAddress(transport)
    await using request = new ZMQRequest(address, { reconnectIntervalMs: 10 })
    const first = new ZMQReply(address)
    const asking = request.request('x', { timeoutMs: 200, retries: 20 })
    expect(await first.receive()).toBe('x')
    await first.close()
    await using second = new ZMQReply(address)
    await second.ready()
    expect(await second.receive()).toBe('x')
    await second.send('from the second')
    expect(await asking).toBe('from the second')
  })

  it('outlives a server that is killed with SIGKILL while it holds the request', async () => {
    const address = await freeAddress(transport)
    await using request = new ZMQRequest(address, { reconnectIntervalMs: 10 })
    const first = await serverProcess(address)
    const asking = request.request('x', { timeoutMs: 500, retries: 20 })
    await first.holds()
    await first.kill()
    const second = await serverProcess(address)
    await second.holds()
    second.answer()
    expect(await asking).toBe(`x, by ${second.pid}`)
    await second.kill()
  })
})
