/**
 * What a worker is told that waits for a farm to let it in, and what that farm logs.
 */
import { Farm, type FarmOptions, FarmWorkers, type JoinNotice } from '@troupe/actors/farm'
import { Certificate, type CurveSecurity } from '@troupe/core'
import { expect, it } from 'vitest'
import { keptLog } from '../kept-log.js'
import * as tasks from './fixtures/tasks.mjs'
import { TASKS, until } from './open-farm.js'

const farmKeys = Certificate.generate()
const worker = Certificate.generate()
const other = Certificate.generate()
const stranger = Certificate.generate()

const ofFarm: CurveSecurity = { certificate: farmKeys, trust: worker }
const ofWorker: CurveSecurity = { certificate: worker, trust: farmKeys.publicOnly() }
const PLACE = { tasks: TASKS, workers: 0, endpoint: 'tcp://127.0.0.1:*', joinable: true } as const

const openFarm = (options: Partial<FarmOptions> = {}) => Farm.start({ ...PLACE, security: ofFarm, ...options })

const waitingAt = (farm: Farm, security: CurveSecurity | undefined) => {
  const notices: JoinNotice[] = []
  const leave = new AbortController()
  const joining = FarmWorkers.join({
    ...{ tasks: TASKS, slots: 1, isolation: 'inline', farm: farm.endpoint!, joinTimeoutMs: 0 },
    ...{ security, signal: leave.signal },
    onNotice: (notice) => void notices.push(notice),
  })
  joining.catch(() => undefined)
  return { notices, leave, joining }
}

const trusting = (trusted: Certificate, whom = farmKeys): CurveSecurity => ({ certificate: whom, trust: trusted })
const NOT_TRUSTED = expect.stringContaining('does not trust the key of this worker')
const WRONG_KEY = expect.stringContaining('another key than the certificate that is trusted here')
const PLAIN = expect.stringContaining('has no security')

it.each([
  ['a worker without security', ofFarm, undefined, expect.stringContaining('wants security'), 'it has no security'],
  ['a worker with security at a farm without', undefined, ofWorker, PLAIN, 'it has security'],
  [
    'a worker that trusts another key than the farm has',
    ofFarm,
    trusting(stranger.publicOnly(), worker),
    WRONG_KEY,
    'it trusts another key',
  ],
])('%s is told why, once; the farm logs each try, and does not count it', async (_, security, own, why, logged) => {
  const { log, warnings } = keptLog()
  await using farm = await Farm.start({ ...PLACE, log, ...(security && { security }) })
  const { notices, leave, joining } = waitingAt(farm, own)
  await until(() => notices.length > 0)
  const tries = () => warnings.filter(([, text]) => text === 'who would connect is not let in')
  const before = tries().length
  await until(() => tries().length > before + 1)
  expect(notices).toEqual([{ type: 'waiting', why }])
  expect(tries()[0]![0]).toMatchObject({ endpoint: farm.endpoint, why: expect.stringContaining(logged) })
  expect(farm.stats().denied).toBe(0)
  leave.abort()
  await expect(joining).rejects.toMatchObject({ code: 'ABORTED' })
})

it('a worker is told of each reason, and joins the farm that lets it in', async () => {
  const farm = await openFarm({ security: trusting(other) })
  const endpoint = farm.endpoint!
  const { notices, joining } = waitingAt(farm, ofWorker)
  await until(() => notices.length > 0 && farm.stats().denied > 1)
  await farm.stop()
  const plain = await Farm.start({ ...PLACE, endpoint })
  await until(() => notices.length > 1)
  await plain.stop()
  await using last = await openFarm({ endpoint })
  await using _ = await joining
  expect(await last.submit(tasks.double, 4)).toBe(8)
  await until(() => notices.at(-1)!.type === 'joined')
  expect(notices).toEqual([{ type: 'waiting', why: NOT_TRUSTED }, { type: 'waiting', why: PLAIN }, { type: 'joined' }])
})

it.each([
  ['has another certificate', trusting(worker, stranger), WRONG_KEY],
  ['does not trust it any more', trusting(other), NOT_TRUSTED],
])('a worker is told so when the next farm there %s, and joins the one after', async (_, security, why) => {
  const farm = await openFarm()
  const endpoint = farm.endpoint!
  const { notices, joining } = waitingAt(farm, ofWorker)
  await using _workers = await joining
  await farm.stop()
  const next = await openFarm({ endpoint, security })
  await until(() => notices.at(-1)!.type === 'waiting')
  await next.stop()
  await using last = await openFarm({ endpoint })
  expect(await last.submit(tasks.double, 4)).toBe(8)
  await until(() => notices.at(-1)!.type === 'joined')
  const lost = { type: 'lost', why: 'the farm has ended' }
  expect(notices).toEqual([{ type: 'joined' }, lost, { type: 'waiting', why }, { type: 'joined' }])
})
