import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { collect, ISOLATIONS, isSettled, linesOf, newFile, numbers, openActor, until } from './open-actor.js'
import { deadLettersOf, openKind, snapshotsOf } from './open-kind.js'

type Counted = [message: unknown, life: number, took: number]
const inits = (notes: string) => linesOf(notes).filter((line) => line === 'init').length

describe.each(ISOLATIONS)('an actor with maxTasks (%s)', (isolation) => {
  it('starts anew after so many, and no message or ask is lost, doubled or out of order', async () => {
    const notes = newFile()
    const actor = await openKind(isolation, 'counting', notes, { maxTasks: 5, pipeLimit: 7, name: 'Ada' })
    let exits = 0
    void actor.exit.then(() => exits++)
    const asks = numbers(13).map((n) => actor.ask(n, { timeoutMs: 0 }))
    const answers = (await Promise.all(asks)) as Counted[]
    expect(answers.map(([n]) => n)).toEqual(numbers(13))
    // Each began with a state of its own.
    expect(answers.map(([, , took]) => took)).toEqual(numbers(13).map((n) => (n % 5) + 1))
    expect([actor.state, actor.deadLetters, exits]).toEqual(['running', 0, 0])
    await until(() => inits(notes) === 3)
    await actor.stop()
    expect([await actor.exit, inits(notes)]).toEqual([{ reason: 'shutdown' }, 3])
  })

  it('that is stopped takes what it holds first, however often it is replaced', async () => {
    const notes = newFile()
    const actor = await openKind(isolation, 'counting', notes, { maxTasks: 2, pipeLimit: 3, shutdownMs: 15_000 })
    const sends = numbers(5).map(() => actor.send('say'))
    const said = collect(actor)
    await actor.stop()
    await Promise.all(sends)
    expect((await said).length).toBe(5)
    expect([await actor.exit, actor.deadLetters, inits(notes)]).toEqual([{ reason: 'shutdown' }, 0, 3])
  })

  it('that says more than its owner takes waits, whichever of its lives says it', async () => {
    const notes = newFile()
    const actor = await openKind(isolation, 'counting', notes, { maxTasks: 2, pipeLimit: 4 })
    const sends = numbers(7).map(() => actor.send('say'))
    await until(() => inits(notes) === 3)
    const settled = Promise.allSettled(sends)
    // Four were said, and no more can be.
    for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setTimeout(resolve, 2))
    expect([inits(notes), linesOf(notes).filter((line) => line === 'said').length]).toEqual([3, 4])
    for (const _ of numbers(7)) await actor.receive()
    await settled
    expect(actor.deadLetters).toBe(0)
  })

  it('is an actor of a function too', async () => {
    const actor = await openActor(isolation, 'echo', undefined, { maxTasks: 3 })
    for (const n of numbers(5)) await actor.send(n)
    for (const n of numbers(5)) expect(await actor.receive()).toBe(n)
    expect(actor.state).toBe('running')
  })

  it('is a machine too, and who watches it sees it go on', async () => {
    const actor = await openKind(isolation, 'job', undefined, { maxTasks: 2 })
    const snapshots = snapshotsOf(actor)
    for (const steps of [1, 2, 1]) {
      expect(await actor.ask({ type: 'STEP' })).toMatchObject({ context: { steps } })
    }
    await actor.send({ type: 'FINISH' })
    expect(await actor.exit).toMatchObject({ reason: 'normal', output: { steps: 1 } })
    expect(snapshots.slice(0, -1).every(({ status }) => status === 'active')).toBe(true)
    expect(snapshots.at(-1)).toMatchObject({ status: 'done', context: { steps: 1 } })
  })

  it('that does not end within shutdownMs is killed and replaced, and what it held is answered with CLOSED', async () => {
    const [gate, notes] = [newFile(), newFile()]
    const options = { maxTasks: 0, maxAgeMs: isolation === 'inline' ? 30 : 700, shutdownMs: 30 }
    const actor = await openKind(isolation, 'stubborn', { gate, notes }, options)
    const held = actor.ask('stop here', { timeoutMs: 0 })
    held.catch(() => undefined)
    const behind = actor.ask('behind', { timeoutMs: 0 })
    await expect(held).rejects.toMatchObject({ code: 'CLOSED', message: expect.stringContaining('replaced') })
    expect(await behind).toBe('behind')
    expect(linesOf(notes).filter((line) => line === 'stop here').length).toBe(1)
    expect(linesOf(notes).filter((line) => line === 'behind').length).toBe(1)
    expect([actor.state, actor.deadLetters]).toEqual(['running', 0])
  })

  it('answers with CLOSED what a body took and left', async () => {
    const actor = await openKind(isolation, 'holds', undefined, { maxAgeMs: isolation === 'inline' ? 30 : 700 })
    const held = actor.ask('held', { timeoutMs: 0 })
    await expect(held).rejects.toMatchObject({ code: 'CLOSED', message: expect.stringContaining('replaced') })
    expect(await actor.receive()).toBe('held')
    expect(actor.state).toBe('running')
  })
})

describe.each(ISOLATIONS)('an actor with maxAgeMs (%s)', (isolation) => {
  it('starts anew after so long, between two messages, and loses none', async () => {
    const notes = newFile()
    const maxAgeMs = isolation === 'inline' ? 5 : 150
    const actor = await openKind(isolation, 'counting', notes, { maxAgeMs })
    const answers: Counted[] = []
    for (let n = 0; inits(notes) < 2; n++) {
      answers.push((await actor.ask(n, { timeoutMs: 0 })) as Counted)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    expect(answers.map(([n]) => n)).toEqual(numbers(answers.length))
    expect(actor.state).toBe('running')
    await actor.stop()
    expect([await actor.exit, actor.deadLetters]).toEqual([{ reason: 'shutdown' }, 0])
  })
})

describe('a replacement', () => {
  it('is not what kills an actor that is stopped with all the time it wants', async () => {
    const [gate, notes] = [newFile(), newFile()]
    const actor = await openKind('inline', 'desk', { notes }, { maxAgeMs: 20, shutdownMs: 40 })
    const asked = actor.ask({ do: 'wait for', gate })
    await until(() => linesOf(notes).includes('waits'))
    const stopping = actor.stop({ timeoutMs: 'infinity' })
    await new Promise((resolve) => setTimeout(resolve, 120))
    expect(await isSettled(stopping)).toBe(false)
    writeFileSync(gate, '')
    await stopping
    expect([await asked, await actor.exit]).toEqual(['waited', { reason: 'shutdown' }])
  })

  it('during which the actor is killed is a kill', async () => {
    const notes = newFile()
    const actor = await openKind('process', 'counting', notes, { maxTasks: 1 })
    await actor.ask(1)
    await until(() => inits(notes) === 2 || actor.hasEnded)
    await actor.ask(2)
    actor.kill()
    expect(await actor.exit).toEqual({ reason: 'killed' })
  })

  it('that is not ready within startTimeoutMs has failed: START_TIMEOUT', async () => {
    let starts = 0
    const { Actor } = await import('@troupe/actors/actor')
    await using actor = await Actor.start(
      {
        init: () => (++starts === 1 ? undefined : new Promise(() => undefined)),
        receive: (message: unknown) => message,
      },
      undefined,
      { maxTasks: 1, startTimeoutMs: 20 },
    )
    await actor.ask(1)
    expect(await actor.exit).toMatchObject({ reason: 'failed', error: { code: 'START_TIMEOUT' } })
  })

  it('keeps what is unread until the end: then it is dead letters', async () => {
    const [gate, notes] = [newFile(), newFile()]
    const actor = await openKind('process', 'stubborn', { gate, notes }, { pipeLimit: 10 })
    const dead = deadLettersOf(actor)
    await actor.send('stop here')
    for (const n of numbers(8)) await actor.send(n)
    await until(() => linesOf(notes).includes('stop here'))
    actor.kill()
    await actor.exit
    // Of the first it is not known that it was taken.
    expect(dead.map(({ reason, message }) => [reason, message]).slice(-8)).toEqual(numbers(8).map((n) => ['unread', n]))
  })
})
