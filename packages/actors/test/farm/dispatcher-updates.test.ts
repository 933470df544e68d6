import { describe, expect, it } from 'vitest'
import { Entry, type TaskOwner } from '../../dist/farm/ledger.js'
import type { UpdateSink } from '../../dist/farm/update-sink.js'
import { CRASH, lineOf, Stage, thrown } from './staged-dispatcher.js'

/** A task whose parts and progress are read, and what its reader was told. */
function readTask(stage: Stage, { retries = 0, again = true } = {}) {
  const told: (readonly [attempt: number, said: unknown])[] = []
  let ended: unknown
  const updates: UpdateSink = {
    wants: { parts: 8, progress: true },
    parts: (entry, values) => told.push(...values.map((value) => [entry.attempts, value] as const)),
    progress: (entry, progress) => told.push([entry.attempts, { progress }]),
    again: () => again,
  }
  const settled = ({ reason, value }: Entry) => {
    ended = (reason as { code?: string } | undefined)?.code ?? value
  }
  const owner: TaskOwner = { unheld: 0, updates, settled }
  const entry = new Entry(lineOf('read'), 'input', 0, 0, retries, owner)
  stage.dispatcher.accept(entry)
  stage.endTurn()
  return { entry, told, ended: () => ended }
}

const part = (ticket: number, ...values: unknown[]) => ({ parts: [[ticket, values] as const], progress: [] })
const failed = (ticket: number) => ({ outputs: [], failures: [[ticket, thrown()] as const], busyMs: 1 })

describe('what a running task says before its end', () => {
  it('reaches its reader while its worker has it, and then no more', () => {
    const stage = new Stage()
    const [one, two] = stage.join('one', 'two')
    const { entry, told } = readTask(stage)
    const { ticket } = entry
    const [has, hasNot] = entry.holder === one.holder ? [one, two] : [two, one]
    stage.dispatcher.updated(hasNot, part(ticket, 'not its worker'), 10)
    stage.dispatcher.updated(has, part(ticket + 1, 'not its ticket'), 10)
    stage.dispatcher.updated(has, { parts: [[ticket, ['a', 'b']]], progress: [[ticket, 0.5]] }, 10)
    stage.dispatcher.answered(has, { outputs: [[ticket, ['output']]], failures: [], busyMs: 1 }, 10)
    stage.dispatcher.updated(has, part(ticket, 'late'), 10)
    expect(told).toEqual([
      [1, 'a'],
      [1, 'b'],
      [1, { progress: 0.5 }],
    ])
  })

  it.each(['fails', 'dies'])('of a try that %s never comes after that of the next one', (how) => {
    const stage = new Stage()
    const seats = stage.join('one', 'two')
    const { entry, told } = readTask(stage, { retries: 1 })
    const first = { ticket: entry.ticket, seat: seats.find(({ holder }) => holder === entry.holder)! }
    stage.dispatcher.updated(first.seat, part(first.ticket, 'old'), 10)
    if (how === 'dies') stage.dispatcher.lost(first.seat, CRASH)
    else stage.dispatcher.answered(first.seat, failed(first.ticket), 10)
    stage.advance(1_000)
    const next = seats.find(({ holder }) => holder === entry.holder)!
    stage.dispatcher.updated(next, part(entry.ticket, 'new'), 10)
    stage.dispatcher.updated(first.seat, part(first.ticket, 'old, late'), 10)
    expect(told).toEqual([
      [1, 'old'],
      [2, 'new'],
    ])
  })

  it.each([
    ['fails', 'TASK_FAILED'],
    ['dies', 'WORKER_LOST'],
  ])('is not begun anew against the will of its reader, when its try %s', (how, code) => {
    const stage = new Stage()
    const [one] = stage.join('one', 'two')
    const { entry, ended } = readTask(stage, { retries: 5, again: false })
    const seat = entry.holder === one.holder ? one : stage.sent.at(-1)!.seat
    if (how === 'dies') stage.dispatcher.lost(seat, CRASH)
    else stage.dispatcher.answered(seat, failed(entry.ticket), 10)
    expect(ended()).toBe(code)
  })

  it('may go on by the word of its reader, which goes to the worker that has it', () => {
    const stage = new Stage()
    const [one] = stage.join('one')
    const { entry } = readTask(stage)
    stage.dispatcher.allow(entry, 20)
    expect(stage.allowed).toEqual([['one', entry.ticket, 20]])
    stage.dispatcher.answered(one, { outputs: [[entry.ticket, [1]]], failures: [], busyMs: 1 }, 10)
    stage.dispatcher.allow(entry, 30)
    expect(stage.allowed.length).toBe(1)
  })
})
