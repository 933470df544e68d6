import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { Farm } from '@troupe/actors/farm'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { open, type Service } from './open-shop.js'
import { serving, told } from './serving.js'
import * as tasks from './tasks/several.js'
import { Command, linesOf, MAIN, recordsOf, taskFile, troupe } from './troupe.js'

let shop: Service
beforeAll(async () => {
  shop = await open()
})
afterAll(() => shop.stop())

/** A farm in this process that can be looked at, and has done three tasks. */
async function openFarm(): Promise<Farm> {
  const file = pathToFileURL(taskFile('several.js'))
  const farm = await Farm.start({ tasks: file, workers: 2, isolation: 'inline', inspect: 'tcp://127.0.0.1:!' })
  onTestFinished(() => farm.stop())
  for (let n = 0; n < 3; n++) await farm.submit(tasks.wait, 1)
  return farm
}

/** A command whose output has come so far. */
async function begun(...args: string[]): Promise<Command> {
  const command = new Command(['top', ...args])
  await once(command.child.stdout, 'data')
  return command
}

describe('troupe top of a farm', () => {
  it('writes once what it sees where there is no terminal', async () => {
    const farm = await openFarm()
    for (const options of [[], ['--once']]) {
      const { status, stdout, stderr } = await troupe(['top', farm.inspectEndpoint!, ...options])
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      const [head, , counts] = linesOf(stdout)
      expect(head).toBe(`farm at ${farm.inspectEndpoint}: running`)
      expect(stdout).toContain('0 pending, 0 held, 3 done, 0 failed')
      expect(counts).toContain('3 dispatched')
      expect(stdout).toMatch(/^worker-2 +idle/m)
    }
  })

  it('writes NDJSON until the farm has stopped, and says so', async () => {
    const farm = await openFarm()
    const command = await begun(farm.inspectEndpoint!, '--json', '--every', '50')
    await farm.submit(tasks.wait, 200)
    await farm.stop()
    const { status, stdout, stderr } = await command.result
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: `troupe: the farm at ${farm.inspectEndpoint} has stopped\n`,
    })
    const records = recordsOf(stdout)
    expect(records.length).toBeGreaterThan(2)
    expect(records[0]).toMatchObject({ kind: 'farm', state: 'running', done: 3 })
    expect(records.at(-1)).toMatchObject({ kind: 'farm', state: 'stopped', done: 4, workers: [] })
    expect(Date.parse(String(records[0]!.time))).toBeLessThan(Date.parse(String(records.at(-1)!.time)))
  })

  it('ends with 1 when the farm fails while it is shown', async () => {
    const file = pathToFileURL(taskFile('several.js'))
    const farm = await Farm.start({ tasks: file, workers: 1, intensity: 0, inspect: 'tcp://127.0.0.1:!' })
    onTestFinished(() => farm.stop())
    const command = await begun(farm.inspectEndpoint!, '--json', '--every', '50')
    process.kill(farm.stats().workers[0]!.pid!, 'SIGKILL')
    const { status, stdout, stderr } = await command.result
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: `troupe: the farm at ${farm.inspectEndpoint} has failed\n`,
    })
    expect(recordsOf(stdout).at(-1)).toMatchObject({ state: 'failed', workers: [] })
  })

  it('writes one record with --json --once', async () => {
    const farm = await openFarm()
    const { status, stdout } = await troupe(['top', farm.inspectEndpoint!, '--json', '--once'])
    expect([status, recordsOf(stdout).length]).toEqual([0, 1])
  })

  it('ends by Ctrl-C, and by a reader that goes away', async () => {
    const farm = await openFarm()
    const command = await begun(farm.inspectEndpoint!, '--json', '--every', '50')
    command.interrupt()
    expect(await command.result).toMatchObject({ signal: 'SIGINT', stderr: '' })
    const unread = new Command(['top', farm.inspectEndpoint!, '--json', '--every', '50'], 'unread')
    await once(unread.child.stdout, 'data')
    unread.child.stdout.destroy()
    expect((await unread.result).status).toBe(141)
  })
})

describe('troupe map --inspect', () => {
  it('says where it can be looked at, and top ends with 1 when it is killed', async () => {
    const map = new Command([
      'map',
      `${taskFile('several.js')}#wait`,
      '--inspect',
      'tcp://127.0.0.1:!',
      '--workers',
      '1',
    ])
    const [, endpoint] = await told(map, /can be looked at: troupe top (\S+)\n/)
    map.child.stdin.write('0\n')
    await once(map.child.stdout, 'data')
    const command = await begun(endpoint!, '--json', '--every', '50')
    map.child.kill('SIGKILL')
    const { status, stdout, stderr } = await command.result
    expect(recordsOf(stdout)[0]).toMatchObject({ kind: 'farm', done: 1 })
    expect(stderr).toMatch(/^troupe: the farm at \S+ does not answer any more: .+\n$/)
    expect(status).toBe(1)
  })

  it('is refused where it would not be safe', async () => {
    const { status, stderr } = await troupe([
      'map',
      `${taskFile('several.js')}#wait`,
      '--inspect',
      'tcp://0.0.0.0:7000',
    ])
    expect(status).toBe(2)
    expect(stderr).toMatch(
      /^troupe: the inspect endpoint of a farm would listen on tcp:.*--cert.*--insecure.*\(INSECURE_ENDPOINT\)\n$/,
    )
  })
})

describe('troupe top of a service', () => {
  it('writes what the service tells of its calls, clients and workers', async () => {
    const { status, stdout, stderr } = await troupe(['top', shop.endpoint])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(linesOf(stdout)[0]).toMatch(`service shop 2 at ${shop.endpoint}: serving, for `)
    expect(stdout).toMatch(/calls +0 running, 0 queued, \d+ done/)
  })

  it('goes on until it is gone, and ends with 1 if it did not say that it stops', async () => {
    const { command: served, endpoint } = await serving('shop.ts')
    const command = await begun(endpoint, '--json', '--every', '50')
    await once(command.child.stdout, 'data')
    served.child.kill('SIGKILL')
    const { status, stdout, stderr } = await command.result
    expect(recordsOf(stdout)[1]).toMatchObject({ kind: 'service', service: 'shop', callsPerSecond: 0 })
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^troupe: service shop at \S+ does not answer any more: .+\n$/),
    })
  })
})

describe('troupe top', () => {
  it('ends with 2 where nothing answers that can be looked at', async () => {
    const stranger = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1')
    onTestFinished(() => void stranger.close())
    await once(stranger, 'listening')
    const { port } = stranger.address() as { port: number }
    for (const endpoint of [`ipc://${shop.nowhere}`, `tcp://127.0.0.1:${port}`]) {
      const { status, stdout, stderr } = await troupe(['top', endpoint])
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
      expect(stderr).toBe(
        `troupe: at ${endpoint} answers neither a service nor a farm that was started with \`inspect\` (UNAVAILABLE)\n`,
      )
    }
  })

  it('ends with 2 when it is called wrongly', async () => {
    for (const [endpoint, options, code] of [
      ['nowhere', [], 'INVALID_ENDPOINT'],
      [shop.endpoint, ['--every', '1'], 'INVALID_OPTIONS'],
    ] as const) {
      const { status, stderr } = await troupe(['top', endpoint, ...options])
      expect(status).toBe(2)
      expect(stderr).toContain(`(${code})`)
    }
  })

  // What makes a terminal of it is of Linux.
  it.runIf(process.platform === 'linux')('shows on a terminal in place, and gives it back at Ctrl-C', async () => {
    const farm = await openFarm()
    const command = `stty cols 50 rows 12; exec ${process.execPath} ${MAIN} top ${farm.inspectEndpoint} --every 50`
    const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] })
    let seen = ''
    child.stdout.on('data', (chunk) => {
      seen += chunk
    })
    const all = text(child.stdout)
    await expect.poll(() => seen.split('\x1b[H').length, { timeout: 20_000 }).toBeGreaterThan(3)
    child.stdin.write('\x03')
    await all
    expect(seen.startsWith('\x1b[?1049h\x1b[?25l\x1b[?7l')).toBe(true)
    const [shown, left] = seen.split('\x1b[?7h\x1b[?25h\x1b[?1049l')
    const drawn = shown!.split('\x1b[H').at(-1)!.split('\r\n')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what ends a line on a terminal
    const lines = drawn.map((line) => line.replaceAll(/\x1b\[[KJ]|\r/g, ''))
    expect(Math.max(...lines.map(({ length }) => length))).toBe(50)
    expect(lines.length).toBeLessThanOrEqual(12)
    expect(left).toContain(`farm at ${farm.inspectEndpoint}: running`.slice(0, 50))
  })
})
