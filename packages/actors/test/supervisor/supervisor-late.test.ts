/**
 * What comes late, from a child that was given up, is not taken for its successor's.
 */
import { deferred } from '@troupe/core'
import { expect, it } from 'vitest'
import { failed, noticesOf, Stage, settled, undying } from './staged-supervisor.js'

it('a child that ends after it was left alone is not the end of the one that has its id now', async () => {
  const stage = new Stage()
  const supervisor = await stage.open([stage.spec('a', { restart: 'temporary', shutdownMs: 'brutal_kill' }, undying)])
  const first = stage.child('a')
  const stopped = supervisor.stopChild('a')
  await stage.advance(1_000)
  await stage.advance(1_000)
  await stopped
  await supervisor.startChild(stage.spec('a'))
  const told = noticesOf(supervisor)
  first.end(failed)
  await settled()
  await stage.advance(0)
  expect(told).toEqual(['a exited: failed'])
  expect(supervisor.children()).toEqual([{ id: 'a', phase: 'running', restarts: 0, child: stage.child('a') }])
})

it('a start that ends after it was given up is not the end of the one that has its id now', async () => {
  const stage = new Stage()
  const supervisor = await stage.open([])
  const [old, young] = [deferred(), deferred()]
  const first = supervisor.startChild(stage.spec('a', {}, { start: () => old.promise }))
  const refused = expect(first).rejects.toMatchObject({ code: 'CLOSED' })
  const stopped = supervisor.stopChild('a')
  await stage.advance(6_000)
  await Promise.all([stopped, refused])
  const second = supervisor.startChild(stage.spec('a', {}, { start: () => young.promise }))
  old.resolve()
  await settled()
  expect(supervisor.children()).toMatchObject([{ id: 'a', phase: 'starting' }])
  young.resolve()
  await second
  expect(stage.incarnations('a')).toHaveLength(2)
  expect(supervisor.children()).toMatchObject([{ phase: 'running', child: stage.child('a') }])
})
