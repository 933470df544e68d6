import { toMermaid } from '@troupe/actors/inspect'
import { lifecycleMachine } from '@troupe/core'
import { describe, expect, it } from 'vitest'
import { and, createMachine, fromPromise, not, or, stateIn } from 'xstate'

type Config = Parameters<typeof createMachine>[0]

/** The lines of a machine's diagram without their indent. */
const linesOf = (config: Config, options?: Parameters<typeof toMermaid>[1]): string[] =>
  toMermaid(createMachine(config), options)
    .split('\n')
    .map((line) => line.trim())

describe('the diagram of a machine', () => {
  it('is all there is to the lifecycle', () => {
    expect(toMermaid(lifecycleMachine)).toBe(
      [
        'stateDiagram-v2',
        '  [*] --> idle',
        '  state "idle" as idle',
        '  idle --> starting : start',
        '  idle --> stopped : stop',
        '  state "starting" as starting',
        '  starting --> stopping : stop',
        '  starting --> stopping : fail',
        '  starting --> running : done(open)',
        '  starting --> stopping : error(open)',
        '  state "running" as running',
        '  running --> stopping : stop',
        '  running --> stopping : fail',
        '  state "stopping" as stopping',
        '  stopping : fail / keepFirstError',
        '  stopping --> failed : done(close) [hasFailed]',
        '  stopping --> stopped : done(close)',
        '  stopping --> failed : error(close)',
        '  state "stopped" as stopped',
        '  stopped --> [*]',
        '  state "failed" as failed',
        '  failed --> [*]',
      ].join('\n'),
    )
  })

  it('has its title in front, quoted as YAML wants it', () => {
    expect(linesOf({}, { title: 'a: "b" #1' }).slice(0, 4)).toEqual([
      '---',
      'title: "a: \\"b\\" #1"',
      '---',
      'stateDiagram-v2',
    ])
  })

  it('nests states, and draws an arrow across their borders outside of all', () => {
    const outer = { initial: 'b', states: { b: { on: { leave: '#m.a' } } } }
    expect(
      toMermaid(createMachine({ id: 'm', initial: 'a', states: { a: { on: { enter: 'outer.b' } }, outer } })),
    ).toBe(
      [
        'stateDiagram-v2',
        '  [*] --> a',
        '  state "a" as a',
        '  state "outer" as outer {',
        '    [*] --> outer_b',
        '    state "b" as outer_b',
        '  }',
        '  a --> outer_b : enter',
        '  outer_b --> a : leave',
      ].join('\n'),
    )
  })

  it('parts regions that run at the same time, in a state of their own', () => {
    const region = { initial: 'on', states: { on: { type: 'final' } } } as const
    expect(linesOf({ id: 'm', type: 'parallel', states: { left: region, right: region } })).toEqual([
      'stateDiagram-v2',
      'state "m" as m {',
      'state "left" as left {',
      '[*] --> left_on',
      'state "on" as left_on',
      'left_on --> [*]',
      '}',
      '--',
      'state "right" as right {',
      '[*] --> right_on',
      'state "on" as right_on',
      'right_on --> [*]',
      '}',
      '}',
    ])
  })

  it('has the machine as a state when the machine as a whole takes events', () => {
    const lines = linesOf({ id: 'm', initial: 'a', on: { reset: '.a', note: { actions: 'log' } }, states: { a: {} } })
    expect(lines).toEqual([
      'stateDiagram-v2',
      'state "m" as m {',
      '[*] --> a',
      'state "a" as a',
      '}',
      'm --> m : note / log',
      'm --> a : reset',
    ])
  })

  it.each([
    ['shallow', 'state "H" as history', undefined, 'history --> a'],
    ['deep', 'state "H#42;" as history', undefined, 'history --> a'],
    ['shallow', 'state "H" as history', 'b', 'history --> b'],
    ['deep', 'state "H#42;" as history', '#m.b', 'history --> b'],
  ] as const)('shows a %s history as %s, which leads to %s', (history, state, target, arrow) => {
    const node = { type: 'history', history, ...(target !== undefined && { target }) } as const
    const lines = linesOf({ id: 'm', initial: 'a', states: { a: {}, b: {}, history: node } })
    expect(lines).toEqual(expect.arrayContaining([state, arrow]))
  })

  it('refuses what is no machine, and an option that it does not know', () => {
    expect(() => toMermaid({} as never)).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
    expect(() => toMermaid(lifecycleMachine, { theme: 'dark' } as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining('theme') }),
    )
  })
})

describe('the arrow of a transition', () => {
  const arrowsFrom = (a: object): string[] =>
    linesOf({ id: 'm', initial: 'a', states: { a, b: {} } }).filter((line) => /^a(:| )/.test(line))

  it.each([
    ['an event', { on: { go: 'b' } }, 'a --> b : go'],
    ['any event', { on: { '*': 'b' } }, 'a --> b : #42;'],
    ['no event', { always: 'b' }, 'a --> b'],
    ['a condition alone', { always: { target: 'b', guard: 'isDue' } }, 'a --> b : [isDue]'],
    ['a delay in ms', { after: { 1500: 'b' } }, 'a --> b : after 1500 ms'],
    ['a delay by name', { after: { backoff: 'b' } }, 'a --> b : after backoff'],
    ['the end of what is in it', { onDone: 'b', initial: 'x', states: { x: {} } }, 'a --> b : done'],
    ['what an actor ends with', { invoke: { src: 'open', onDone: 'b' } }, 'a --> b : done(open)'],
    ['the failure of an actor', { invoke: { src: 'open', id: 'x', onError: 'b' } }, 'a --> b : error(open)'],
    ['what an actor tells', { invoke: { src: 'open', onSnapshot: 'b' } }, 'a --> b : snapshot(open)'],
    [
      'an actor without a name',
      { invoke: { src: fromPromise(async () => 1), id: 'x', onDone: 'b' } },
      'a --> b : done(x)',
    ],
    ['a return to itself', { on: { again: { target: 'a', reenter: true } } }, 'a --> a : again'],
    ['nothing that it leads to', { on: { tick: { actions: ['count', { type: 'tell' }] } } }, 'a : tick / count, tell'],
    ['an event that is forbidden', { on: { tick: undefined } }, 'a : tick'],
  ])('says %s', (_, a, arrow) => {
    expect(arrowsFrom(a)).toEqual([arrow])
  })

  it.each([
    ['isDue', 'isDue'],
    [{ type: 'isOlder', params: { than: 1 } }, 'isOlder'],
    [
      function isOdd() {
        return true
      },
      'isOdd',
    ],
    [
      (
        () => () =>
          true
      )(),
      'a function',
    ],
    [not('isDue'), 'not isDue'],
    [and(['p', 'q']), 'p and q'],
    [and(['p', not(or(['q', 'r']))]), 'p and not (q or r)'],
    [stateIn('a'), 'in a'],
    [stateIn({ outer: { left: 'x', right: 'y' } }), 'in outer.left.x and outer.right.y'],
  ])('has its guard %# in brackets', (guard, text) => {
    expect(arrowsFrom({ on: { go: { target: 'b', guard } } })).toEqual([`a --> b : go [${text}]`])
  })
})

describe('what Mermaid would misread', () => {
  const arrowOf = (event: string) =>
    linesOf({ id: 'm', initial: 'a', states: { a: { on: { [event]: 'b' } }, b: {} } }).find((line) =>
      line.startsWith('a -->'),
    )

  it.each([
    ['a:b;c', 'a#58;b#59;c'],
    ['#1 "x" <b> {y} [z]', '#35;1 #34;x#34; #60;b#62; #123;y#125; #91;z#93;'],
    ['%% a `b` ~c~ \\d', '#37;#37; a #96;b#96; #126;c#126; #92;d'],
    ['not_started', 'not_started'],
    ['_a_ _b', '#95;a#95; #95;b'],
    ['two\nlines', 'two lines'],
    ['set direction LR', 'set direction#32;LR'],
  ])('in the text %j is escaped', (event, text) => {
    expect(arrowOf(event)).toBe(`a --> b : ${text}`)
  })

  it('as the id of a state is another', () => {
    const inner = { initial: 'start', states: { start: {} } }
    const states = { click: {}, Note: {}, root: {}, '1st': {}, 'a-b': {}, 'a b': {}, outer: inner, outer_start: {} }
    const lines = linesOf({ id: 'm', initial: 'click', states })
    expect(lines.filter((line) => line.startsWith('state "'))).toEqual([
      'state "click" as click_',
      'state "Note" as Note_',
      'state "root" as root_',
      'state "1st" as s_1st',
      'state "a-b" as a_b',
      'state "a b" as a_b_',
      'state "outer" as outer {',
      'state "start" as outer_start_',
      'state "outer_start" as outer_start__',
    ])
  })
})
