import { FIRST_TURNS, type Step, type Turn, turnAfter, whyNot } from '@troupe/request-reply'
import { describe, expect, it } from 'vitest'

const CALLS = ['send', 'receive', 'request'] as const

/** The turn after steps that are all in order. */
function after(first: Turn, ...steps: Step[]): Turn {
  return steps.reduce((turn, step) => {
    const next = turnAfter(turn, step)
    if (next === undefined) throw new Error(`${step} is out of order`)
    return next
  }, first)
}

/** Which calls are in order. */
const may = (turn: Turn, relaxed = false) => CALLS.filter((call) => turnAfter(turn, call, relaxed) !== undefined)

const { request: READY, reply: IDLE } = FIRST_TURNS

describe('a request (28/REQREP)', () => {
  it.each<[Step[], string[]]>([
    [[], ['send', 'request']],
    [['send'], ['receive']],
    [['send', 'sent'], ['receive']],
    [['send', 'receive'], []],
    [['send', 'receive', 'sent'], []],
    [['send', 'sent', 'receive'], []],
    [
      ['send', 'sent', 'receive', 'received'],
      ['send', 'request'],
    ],
    [['send', 'sent', 'receive', 'unreceived'], ['receive']],
    [
      ['send', 'unsent'],
      ['send', 'request'],
    ],
    [['send', 'receive', 'unsent'], ['send']],
    [
      ['send', 'receive', 'unsent', 'unreceived'],
      ['send', 'request'],
    ],
    [['request'], []],
    [
      ['request', 'requested'],
      ['send', 'request'],
    ],
  ])('after %j may %j', (steps, allowed) => {
    expect(may(after(READY, ...steps))).toEqual(allowed)
  })

  it.each<[Step[], string[]]>([
    [['send'], ['send', 'receive']],
    [
      ['send', 'sent'],
      ['send', 'receive'],
    ],
    [['send', 'sent', 'receive'], ['send']],
    [['request'], []],
  ])('that is relaxed may after %j also send: %j', (steps, allowed) => {
    expect(may(after(READY, ...steps), true)).toEqual(allowed)
  })

  it('that is relaxed is where it was when its second send is rejected', () => {
    const sentOnce = after(READY, 'send', 'sent')
    expect(after(turnAfter(sentOnce, 'send', true)!, 'unsent')).toEqual(sentOnce)
  })

  it('that is relaxed may receive again when it sent while the last reply came', () => {
    const sendsAgain = turnAfter(after(READY, 'send', 'sent', 'receive'), 'send', true)!
    expect(may(after(sendsAgain, 'received'))).toEqual(['receive'])
    expect(may(after(sendsAgain, 'received', 'sent', 'receive', 'received'))).toEqual(['send', 'request'])
  })
})

describe('a reply (28/REQREP)', () => {
  it.each<[Step[], string[]]>([
    [[], ['receive']],
    [['receive'], []],
    [['receive', 'unreceived'], ['receive']],
    [
      ['receive', 'received'],
      ['send', 'request'],
    ],
    [['receive', 'received', 'send'], ['receive']],
    [
      ['receive', 'received', 'send', 'unsent'],
      ['send', 'request'],
    ],
    [['receive', 'received', 'send', 'sent'], ['receive']],
    [['receive', 'received', 'send', 'receive'], []],
    [
      ['receive', 'received', 'send', 'receive', 'unsent', 'unreceived'],
      ['send', 'request'],
    ],
    [['receive', 'received', 'send', 'receive', 'sent'], []],
  ])('after %j may %j', (steps, allowed) => {
    expect(may(after(IDLE, ...steps))).toEqual(allowed)
  })
})

it('every turn that can be reached lets something be called, unless something is under way', () => {
  const seen = new Map<string, Turn>()
  const visit = (turn: Turn) => {
    const key = JSON.stringify(turn)
    if (seen.has(key)) return
    seen.set(key, turn)
    const ends: Step[] = [
      ...(turn.sending > 0 ? (['sent', 'unsent'] as const) : []),
      // A receive is settled when no send is before it.
      ...(turn.receiving && turn.sending === 0 ? (['received', 'unreceived'] as const) : []),
      ...(turn.requesting ? (['requested'] as const) : []),
    ]
    for (const step of [...CALLS, ...ends]) {
      const next = turnAfter(turn, step)
      if (next !== undefined) visit(next)
    }
  }
  visit(READY)
  visit(IDLE)
  const stuck = [...seen.values()].filter((turn) => !turn.receiving && !turn.requesting && may(turn).length === 0)
  expect(stuck).toEqual([])
  for (const turn of seen.values()) {
    expect(turn.sending).toBeLessThanOrEqual(1)
    // Never are both a send and a receive in order: that is what strict means.
    expect(may(turn).filter((call) => call !== 'request').length).toBeLessThanOrEqual(1)
  }
  expect(seen.size).toBe(7)
})

it('what is out of order says why', () => {
  expect(whyNot('request', 'send', after(READY, 'send'))).toBe('the reply to the last request is not received')
  expect(whyNot('request', 'receive', READY)).toBe('no request was sent')
  expect(whyNot('request', 'receive', after(READY, 'send', 'receive'))).toBe('another receive waits')
  expect(whyNot('request', 'send', after(READY, 'request'))).toBe('it is making reliable requests')
  expect(whyNot('reply', 'send', IDLE)).toBe('there is no request to answer')
  expect(whyNot('reply', 'receive', after(IDLE, 'receive', 'received'))).toBe('the last request is not answered')
})
