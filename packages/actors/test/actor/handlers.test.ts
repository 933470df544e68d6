import { writeFileSync } from 'node:fs'
import { Actor } from '@troupe/actors/actor'
import { describe, expect, it } from 'vitest'
import { ISOLATIONS, linesOf, newFile, numbers, sharedActor, track, until } from './open-actor.js'
import { deadLettersOf, KINDS, openKind, startKind } from './open-kind.js'

const told = (what: string, more: object = {}) => ({ do: what, ...more })
const failing = (message: string) => ({ reason: 'failed', error: { cause: { name: 'RangeError', message } } })

describe.each(ISOLATIONS)('a handler (%s)', (isolation) => {
  const open = (args?: unknown, options = {}) => openKind(isolation, 'desk', args, options)
  const desk = sharedActor(() => startKind(isolation, 'desk'))

  it('answers what receive returns or resolves with, one message at a time and in order', async () => {
    const actor = desk()
    expect(await actor.ask(told('add'))).toBe(1)
    expect(await actor.ask(told('add', { n: '40' }))).toBe(2)
    await actor.send(told('add'))
    // A default and a transform have run once: what is a number already is no text.
    expect(await actor.ask(told('list'))).toEqual([1, 40, 1])
    const asks = numbers(4).map((n) => actor.ask(told('in turn', { n: String(n) })))
    expect(await Promise.all(asks)).toEqual(numbers(4))
    const list = (await actor.ask(told('list'))) as unknown[]
    expect(list.slice(3)).toEqual(numbers(4).flatMap((n) => [`begin ${n}`, `end ${n}`]))
    expect(await actor.ask(told('nothing'))).toBeUndefined()
    expect(await actor.ask(told('where are you?'))).toBe('no path')
    await actor.send(told('say', { n: '5' }))
    expect(await actor.receive()).toEqual({ said: 5 })
  })

  it('refuses with a RefusedError, and lives', async () => {
    const actor = desk()
    const list = (await actor.ask(told('list'))) as unknown[]
    await expect(actor.ask(told('refuse'))).rejects.toMatchObject({
      ...{ name: 'RefusedError', code: 'REFUSED', message: 'not today', retryable: true },
    })
    await expect(actor.ask(told('refuse later'))).rejects.toMatchObject({ code: 'REFUSED', message: 'not later' })
    // Nobody has asked.
    await actor.send(told('refuse'))
    await actor.send(told('refuse later'))
    expect(await actor.ask(told('add'))).toBe(list.length + 1)
    expect([actor.state, actor.deadLetters]).toEqual(['running', 0])
  })

  it('never has what does not fit its schema: an ask is refused, a message elsewhere is a dead letter', async () => {
    const actor = desk()
    const list = await actor.ask(told('list'))
    const dead = deadLettersOf(actor)
    const misfit = { do: 'add', n: 7 }
    await expect(actor.ask(misfit)).rejects.toMatchObject({ name: 'InvalidMessageError', code: 'INVALID_MESSAGE' })
    const isKnownHere = isolation === 'inline'
    const sent = actor.send(misfit).then(String, (error: { code: string }) => error.code)
    expect(await sent).toBe(isKnownHere ? 'INVALID_MESSAGE' : 'undefined')
    await until(() => isKnownHere || dead.length === 1)
    expect(dead).toEqual(isKnownHere ? [] : [{ path: 'desk', reason: 'invalid', message: misfit }])
    expect(await actor.ask(told('list'))).toEqual(list)
  })

  it.each([
    ['throw', 'broken'],
    ['throw later', 'broken later'],
  ])('ends by what receive throws, and who asked gets that: %s', async (what, message) => {
    const notes = newFile()
    const actor = await open({ notes })
    const asks = await Promise.allSettled([actor.ask(told(what)), actor.ask(told('add'))])
    const reason = { code: 'ACTOR_FAILED', cause: { name: 'RangeError', message } }
    expect(asks).toMatchObject([{ reason }, { reason }])
    expect(await actor.exit).toMatchObject(failing(message))
    expect(linesOf(notes)).toEqual(['init', 'terminate 0'])
  })

  it('has failed when its reply does not fit its schema, whether it comes at once or later', async () => {
    const actors = await Promise.all([open(), open()])
    const asks = ['misfit', 'misfit later'].map((what, index) => actors[index]!.ask(told(what)))
    const reason = { code: 'INVALID_MESSAGE', message: expect.stringContaining('a reply of actor') }
    expect(await Promise.allSettled(asks)).toMatchObject([{ reason }, { reason }])
    const exits = await Promise.all(actors.map((actor) => actor.exit))
    expect(exits).toMatchObject([{ reason: 'failed' }, { reason: 'failed' }])
  })

  it('ends by an INVALID_MESSAGE of its own: that is no fault of what it was sent', async () => {
    const actor = await open()
    await expect(actor.ask(told('relay'))).rejects.toMatchObject({ code: 'INVALID_MESSAGE', message: 'of another' })
    expect(await actor.exit).toMatchObject({ reason: 'failed', error: { message: 'of another' } })
  })

  it('cleans up by terminate when it is stopped, behind what it holds, and not when it is killed', async () => {
    const [notes, other] = [newFile(), newFile()]
    const [stopped, killed] = await Promise.all([open({ notes }), open({ notes: other })])
    for (const _ of numbers(3)) await stopped.send(told('in turn'))
    await stopped.stop()
    expect(await stopped.exit).toEqual({ reason: 'shutdown' })
    expect(linesOf(notes)).toEqual(['init', 'terminate 6'])
    const gate = newFile()
    const asked = killed.ask(told('wait for', { gate }))
    await until(() => linesOf(other).includes('waits'))
    killed.kill()
    expect(await killed.exit).toEqual({ reason: 'killed' })
    await expect(asked).rejects.toMatchObject({ code: 'CLOSED' })
    writeFileSync(gate, '')
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setTimeout(resolve, 1))
    expect(linesOf(other)).toEqual(['init', 'waits'])
  })

  it('tells what ended it, though its terminate fails then too', async () => {
    const actor = await open()
    await expect(actor.ask(told('clean-up fails'))).rejects.toMatchObject({ cause: { message: 'broken first' } })
    expect(await actor.exit).toMatchObject(failing('broken first'))
  })

  it('does not start when its init throws', async () => {
    await expect(open({ fails: true })).rejects.toMatchObject({
      code: 'ACTOR_FAILED',
      cause: { message: 'init failed' },
    })
  })

  it('refuses an answer that cannot be sent: ENCODE_FAILED, and lives', async () => {
    const actor = await openKind(isolation, 'unpackable')
    await expect(actor.ask(1)).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
    await expect(actor.ask(2)).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
    await expect(actor.ask(1n << 80n)).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
    expect(actor.state).toBe('running')
  })
})

it('a handler that is named takes messages as elsewhere when it runs here', async () => {
  const actor = track((await Actor.start({ module: KINDS, export: 'desk' })) as Actor)
  const dead = deadLettersOf(actor)
  await actor.send({ do: 5 })
  expect(await actor.ask(told('add'))).toBe(1)
  expect(dead).toEqual([{ path: 'desk', reason: 'invalid', message: { do: 5 } }])
})
