import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { ZMQPull } from '@troupe/push-pull'
import { anyEndpoint, numbers, TRANSPORTS, take, WIRES } from '@troupe/testing'
import { describe, expect, it } from 'vitest'

const run = promisify(execFile)

/** Runs a program that has to exit by itself. */
async function program(script: string, argument = ''): Promise<{ stdout: string; stderr: string }> {
  const all = `
    import { ZMQMonitor, ZMQPoller } from '@troupe/core'
    import { ZMQPull, ZMQPush } from '@troupe/push-pull'
    const endpoint = process.argv[1]
    ${script}
    process.on('exit', (code) => console.log('exit', code))
  `
  return run(process.execPath, ['--input-type=module', '-e', all, argument], {
    cwd: import.meta.dirname,
    timeout: 15_000,
  })
}

const exited = { stdout: 'exit 0\n', stderr: '' }

describe.each(TRANSPORTS)('a program that uses %s', (transport) => {
  it('exits by itself when it has closed what it opened', async () => {
    const script = `
      const pull = new ZMQPull(endpoint)
      const push = new ZMQPush(await pull.endpoint())
      const monitor = new ZMQMonitor(push)
      const iterating = (async () => { for await (const message of pull) if (message === 'end') break })()
      await push.send('x')
      await push.send('end')
      await iterating
      pull.receive().catch(() => undefined)
      await push.close()
      await pull.close()
    `
    expect(await program(script, anyEndpoint(transport))).toEqual(exited)
  })

  it('exits by itself with sockets that are open and idle, also after a receive and a poller that gave up', async () => {
    const script = `
      const pull = new ZMQPull(endpoint)
      const push = new ZMQPush(await pull.endpoint())
      await pull.receive({ timeoutMs: 20 }).catch(() => undefined)
      await new ZMQPoller(pull).wait(20)
    `
    expect(await program(script, anyEndpoint(transport))).toEqual(exited)
  })

  it('exits when it is told to, though a receive and a send wait', async () => {
    const script = `
      process.on('exit', (code) => console.log('exit', code))
      new ZMQPull(endpoint).receive()
      new ZMQPush('@inproc://nobody').send('x')
      setTimeout(() => process.exit(0), 20)
      await new Promise(() => undefined)
    `
    expect(await program(script, anyEndpoint(transport))).toEqual(exited)
  })
})

it.each(WIRES)('a program over %s that ends at once has sent what it had accepted', async (transport) => {
  await using pull = new ZMQPull(anyEndpoint(transport))
  const script = `
    const push = new ZMQPush(endpoint, { lingerMs: 5_000 })
    for (let n = 0; n < 500; n++) await push.send(String(n))
    await push.close()
  `
  const [ended, received] = await Promise.all([program(script, await pull.endpoint()), take(500, pull)])
  expect(ended).toEqual(exited)
  expect(received).toEqual(numbers(500))
})

it('a program whose messages nobody takes exits after lingerMs', async () => {
  const script = `
    const push = new ZMQPush('tcp://127.0.0.1:9', { lingerMs: 50 })
    await push.send('x')
    await push.close()
  `
  expect(await program(script)).toEqual(exited)
})
