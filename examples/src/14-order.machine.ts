/**
 * The machine of 14-order.ts: plain xstate, which knows nothing of actors, processes or journals.
 */
import { assign, setup } from 'xstate'

type Event = { type: 'add'; item: string } | { type: 'pay' } | { type: 'ship' }

export const order = setup({
  types: { context: {} as { items: string[] }, events: {} as Event },
}).createMachine({
  id: 'order',
  context: { items: [] },
  initial: 'open',
  states: {
    open: {
      on: {
        add: { actions: assign({ items: ({ context, event }) => [...context.items, event.item] }) },
        pay: 'paid',
      },
    },
    paid: { on: { ship: 'shipped' } },
    shipped: { type: 'final' },
  },
  output: ({ context }) => `${context.items.join(' and ')}, on the way`,
})
