import { describe, expect, it } from 'vitest'
import { Rate } from '../../dist/farm/rate.js'
import { lineOf, Stage } from './staged-dispatcher.js'

const routes = [new Set(['gpu'])]

describe('what waits for further workers', () => {
  it('is nothing while the workers have room, and then what they have no room for', () => {
    const stage = new Stage()
    stage.join('w1')
    stage.accept(1, lineOf('task'))
    expect(stage.dispatcher.backlogs()).toEqual([])
    stage.accept(3, lineOf('task'))
    stage.endTurn()
    expect(stage.dispatcher.backlogs()).toEqual([{ tags: [], tasks: 3, costMs: undefined }])
  })

  it('is told by the tags that it asks for, whatever its priority, with what it costs on average', () => {
    const stage = new Stage()
    stage.routes = routes
    stage.accept(1, lineOf('cheap', 10), { tags: ['gpu'] })
    stage.accept(3, lineOf('dear', 50), { tags: ['gpu'], priority: 1 })
    stage.accept(2, lineOf('plain', 5))
    const [gpu, plain] = stage.dispatcher.backlogs()
    expect(gpu).toEqual({ tags: ['gpu'], tasks: 4, costMs: expect.closeTo(40) })
    expect(plain).toEqual({ tags: [], tasks: 2, costMs: expect.closeTo(5) })
  })

  it('is nothing while the farm is paused', () => {
    const stage = new Stage()
    stage.accept(3, lineOf('task'))
    stage.dispatcher.pause()
    expect(stage.dispatcher.backlogs()).toEqual([])
  })

  it('is no more than a rate lets begin', () => {
    const stage = new Stage()
    stage.accept(5, lineOf('task'), { rates: [new Rate({ limit: 2, perMs: 1_000 })] })
    expect(stage.dispatcher.backlogs()).toEqual([{ tags: [], tasks: 2, costMs: undefined }])
  })
})
