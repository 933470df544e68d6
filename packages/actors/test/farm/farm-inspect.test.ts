import { MemoryJournal } from '@troupe/actors/farm'
import { FarmSnapshot, farmInspection } from '@troupe/actors/inspect'
import { connect, describe as describeServer, health } from '@troupe/actors/rpc'
import { describe, expect, it } from 'vitest'
import * as tasks from './fixtures/tasks.mjs'
import { collect, openFarm, until } from './open-farm.js'

const endpoint = 'tcp://127.0.0.1:!'
const lookAt = (where: string | undefined) => connect(farmInspection, { endpoints: [where!] })

describe('a farm that is looked at', () => {
  it('tells its stats to who asks, as the farm itself does', async () => {
    const farm = await openFarm({ inspect: endpoint })
    expect(farm.inspectEndpoint).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/)
    for (let n = 0; n < 3; n++) await farm.submit(tasks.double, n)
    await using client = lookAt(farm.inspectEndpoint)
    const { done, workers, runTime, state } = await client.stats()
    expect({ done, state }).toEqual({ done: 3, state: 'running' })
    // Of short tasks a sample is measured.
    expect(runTime.count).toBeGreaterThan(0)
    expect(workers.map(({ pid }) => pid)).toEqual(farm.stats().workers.map(({ pid }) => pid))
  })

  it('gives them as long as it runs, and the last ones at its end', async () => {
    const farm = await openFarm({ inspect: endpoint, isolation: 'inline' })
    await using client = lookAt(farm.inspectEndpoint)
    const seen: FarmSnapshot[] = []
    const watching = (async () => {
      for await (const snapshot of client.watch({ everyMs: 10 })) seen.push(snapshot)
    })()
    await until(() => seen.length > 1)
    await collect(farm.map(tasks.double, [1, 2, 3]))
    await until(() => seen.at(-1)!.done === 3)
    await farm.stop()
    await watching
    expect(seen[0]).toMatchObject({ state: 'running', done: 0 })
    expect(seen.at(-1)).toMatchObject({ state: 'stopped', done: 3, workers: [] })
    expect(() => FarmSnapshot.parse(JSON.parse(JSON.stringify(seen.at(-1))))).not.toThrow()
  })

  it('says at its end that it has failed', async () => {
    const farm = await openFarm({ inspect: endpoint, workers: 1, intensity: 0 })
    await using client = lookAt(farm.inspectEndpoint)
    let state: string | undefined
    for await (const snapshot of client.watch({ everyMs: 10 })) {
      if (state === undefined) process.kill(snapshot.workers[0]!.pid!, 'SIGKILL')
      state = snapshot.state
    }
    expect(state).toBe('failed')
  })

  it('ends while somebody looks and does not read', async () => {
    const farm = await openFarm({ inspect: endpoint, isolation: 'inline' })
    await using client = connect(farmInspection, { endpoints: [farm.inspectEndpoint!], window: 1 })
    const stream = client.watch({ everyMs: 10 })
    await stream.next()
    await farm.stop()
    expect(farm.state).toBe('stopped')
    await stream.return!()
  })

  it('leaves its endpoint free also when its journal cannot be closed, and fails with the reason', async () => {
    class Stuck extends MemoryJournal {
      override close = () => Promise.reject(new Error('the journal is stuck'))
    }
    const farm = await openFarm({ inspect: endpoint, isolation: 'inline', journal: new Stuck() })
    const inspect = farm.inspectEndpoint!
    await farm.stop()
    expect(await farm.exit).toMatchObject({ reason: 'failed', error: { cause: { message: 'the journal is stuck' } } })
    expect((await openFarm({ inspect, isolation: 'inline' })).inspectEndpoint).toBe(inspect)
  })

  it('is a server like any other: it has a health and a contract', async () => {
    const farm = await openFarm({ inspect: endpoint, isolation: 'inline' })
    expect(await health(farm.inspectEndpoint!)).toMatchObject({ service: 'troupe_farm', status: 'serving' })
    const { procedures } = await describeServer(farm.inspectEndpoint!)
    expect(Object.keys(procedures)).toEqual(['stats', 'watch'])
    expect(Object.values(procedures).map(({ unwritten }) => unwritten)).toEqual([undefined, undefined])
  })

  it('listens where it is safe only, unless told otherwise, and where nobody else does', async () => {
    const start = (inspect: string, insecure = false) => openFarm({ inspect, insecure, isolation: 'inline' })
    await expect(start('tcp://0.0.0.0:*')).rejects.toMatchObject({ code: 'INSECURE_ENDPOINT' })
    await expect(start('nowhere')).rejects.toMatchObject({ code: 'INVALID_ENDPOINT' })
    const farm = await start('tcp://0.0.0.0:*', true)
    const [port] = farm.inspectEndpoint!.split(':').slice(-1)
    await expect(start(`tcp://127.0.0.1:${port}`)).rejects.toMatchObject({ code: 'ENDPOINT_IN_USE' })
  })

  it('is none by default', async () => {
    expect((await openFarm({ isolation: 'inline' })).inspectEndpoint).toBeUndefined()
  })
})
