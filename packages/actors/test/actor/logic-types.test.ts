import { Actor, type MessageOf, type SchemedLogic } from '@troupe/actors/actor'
import { expect, expectTypeOf, it } from 'vitest'
import { fromCallback, fromTransition, setup } from 'xstate'

type Add = { readonly type: 'add'; readonly item: string }

const list = fromTransition((items: string[], { item }: Add) => [...items, item], [])

it('what logic that is no machine is sent is of the type of its events', async () => {
  await using actor = await Actor.start(list)
  expectTypeOf(actor.send).parameter(0).toEqualTypeOf<Add>()
  expect(await actor.ask({ type: 'add', item: 'tea' })).toMatchObject({ context: ['tea'] })
  // @ts-expect-error: there is no such event
  await actor.send({ type: 'remove' })
})

it('each kind of logic has the type of its events, with schemas or without', () => {
  const callback = fromCallback<Add>(() => undefined)
  const machine = setup({ types: { events: {} as Add } }).createMachine({})
  expectTypeOf<MessageOf<typeof list>>().toEqualTypeOf<Add>()
  expectTypeOf<MessageOf<SchemedLogic<typeof list, object>>>().toEqualTypeOf<Add>()
  expectTypeOf<MessageOf<typeof callback>>().toEqualTypeOf<Add>()
  expectTypeOf<MessageOf<typeof machine>>().toEqualTypeOf<Add>()
  expect(machine.root.id).toBe('(machine)')
})
