import { writeFileSync } from 'node:fs'
import type { ActorOptions, DeadLetter } from '@troupe/actors/actor'
import { describe, expect, it } from 'vitest'
import { ISOLATIONS, linesOf, newFile, numbers, openActor, until } from './open-actor.js'
import { deadLettersOf, openKind } from './open-kind.js'

const add = (n: number) => ({ do: 'add', n: String(n) })
const told = (letters: DeadLetter[]) =>
  letters.map(({ reason, message }) => [reason, (message as { n?: string }).n] as const)

describe.each(ISOLATIONS)('what a full mailbox does with messages (%s)', (isolation) => {
  const COUNT = 9
  /** A busy actor with a mailbox of two is sent nine; gives what became of them. */
  async function flood(whenFull: ActorOptions['whenFull']) {
    const [gate, notes] = [newFile(), newFile()]
    const actor = await openKind(isolation, 'desk', { notes }, { pipeLimit: 2, whenFull })
    const dead = deadLettersOf(actor)
    const busy = actor.ask({ do: 'wait for', gate }, { timeoutMs: 0 })
    await until(() => linesOf(notes).includes('waits'))
    const sends = numbers(COUNT).map((n) => actor.send({ do: 'note', n: String(n) }))
    const codes = sends.map((send) => send.then(String, ({ code }: { code: string }) => code))
    writeFileSync(gate, '')
    await busy
    await actor.stop()
    const took = linesOf(notes).flatMap((line) => (line.startsWith('took ') ? [Number(line.slice(5))] : []))
    // Elsewhere up to as many again are on their way to it.
    const ahead = Math.max(0, took.length - 2)
    const most = { inline: 0, thread: 2, process: 2 }[isolation]
    return { codes: await Promise.all(codes), dead: told(dead), count: actor.deadLetters, took, ahead, most }
  }
  const dropped = (list: number[]) => list.map((n) => ['dropped', String(n)])

  it("takes all of them with 'wait', one after the other", async () => {
    const { codes, dead, took } = await flood('wait')
    expect([codes, dead, took]).toEqual([Array(COUNT).fill('undefined'), [], numbers(COUNT)])
  })

  it("keeps the newest with 'drop_oldest', and the others are dead letters", async () => {
    const { codes, dead, count, took, ahead, most } = await flood('drop_oldest')
    expect([codes, ahead <= most]).toEqual([Array(COUNT).fill('undefined'), true])
    expect(took).toEqual([...numbers(ahead), COUNT - 2, COUNT - 1])
    expect([dead, count]).toEqual([dropped(numbers(COUNT).slice(ahead, -2)), COUNT - 2 - ahead])
  })

  it("keeps the oldest with 'drop_newest', and the others are dead letters", async () => {
    const { codes, dead, count, took, ahead, most } = await flood('drop_newest')
    expect([codes, ahead <= most]).toEqual([Array(COUNT).fill('undefined'), true])
    expect(took).toEqual(numbers(ahead + 2))
    expect([dead, count]).toEqual([dropped(numbers(COUNT).slice(ahead + 2)), COUNT - 2 - ahead])
  })

  it("refuses more than it holds with 'fail', which is no dead letter", async () => {
    const { codes, dead, count, took, ahead, most } = await flood('fail')
    expect([took, dead, count, ahead <= most]).toEqual([numbers(ahead + 2), [], 0, true])
    expect(codes).toEqual(numbers(COUNT).map((n) => (n < ahead + 2 ? 'undefined' : 'QUEUE_FULL')))
  })
})

describe.each(ISOLATIONS)('what an actor leaves unread (%s)', (isolation) => {
  it('is dead letters when it fails, those on their way too, and each once', async () => {
    const actor = await openKind(isolation, 'desk', undefined, { pipeLimit: 20 })
    const dead = deadLettersOf(actor)
    const sends = [actor.send(add(0)), actor.send({ do: 'throw' }), ...numbers(30).map((n) => actor.send(add(n)))]
    const refused = (await Promise.allSettled(sends)).filter(({ status }) => status === 'rejected').length
    await actor.exit
    expect(told(dead)).toEqual(numbers(30 - refused).map((n) => ['unread', String(n)]))
    expect(actor.deadLetters).toBe(30 - refused)
  })

  it('is dead letters when it is killed or returns, bytes as bytes', async () => {
    const actor = await openActor(isolation, 'doAsTold', undefined, { pipeLimit: 20 })
    const dead = deadLettersOf(actor)
    const bytes = new Uint8Array([0xc1, 0xd9, 1])
    for (const message of ['return', bytes, 'x']) await actor.send(message)
    expect(await actor.exit).toEqual({ reason: 'normal' })
    expect(dead.map(({ reason, message }) => [reason, message])).toEqual([
      ['unread', Buffer.from(bytes)],
      ['unread', 'x'],
    ])
  })
})

describe('a listener of dead letters', () => {
  it('that throws keeps nobody from hearing of them, and is heard no more when it was ended', async () => {
    const actor = await openKind('inline', 'desk', undefined, { pipeLimit: 1, whenFull: 'drop_newest' })
    const heard: number[] = []
    actor.onDeadLetter(() => {
      throw new Error('a listener that is broken')
    })
    const end = actor.onDeadLetter(() => heard.push(1))
    const never = actor.ask({ do: 'never' })
    never.catch(() => undefined)
    await new Promise(setImmediate)
    for (const n of numbers(3)) await actor.send(add(n))
    expect([heard.length, actor.deadLetters]).toEqual([2, 2])
    end()
    await actor.send(add(4))
    actor.kill()
    await actor.exit
    expect([heard.length, actor.deadLetters]).toEqual([2, 4])
  })
})
