/**
 * nact: actors in this thread.
 */
import { dispatch, query, type Ref, spawn, start, stop } from 'nact'
import type { Subject, World } from './world.js'

const QUERY_TIMEOUT_MS = 10_000

type Message = 'cast' | 'crash' | { readonly question: number; readonly sender: Ref<number> }

export async function openNact(): Promise<World> {
  const system = start()
  const startOne = (parent: Ref<never> = system, options = {}) =>
    spawn(parent, echo, undefined, { initialState: 0, ...options })
  return {
    start: async () => subjectOf(startOne()),
    async startMany(count) {
      const parent = spawn(system, (state: number) => state) as Ref<never>
      const refs = Array.from({ length: count }, () => startOne(parent))
      return subjectOf(refs[0]!)
    },
    async startPhoenix() {
      const onCrash = (_message: unknown, _error: unknown, context: { readonly reset: symbol }) => context.reset
      const ref = startOne(system, { onCrash })
      // What is sent next waits until it is reset.
      return { ...subjectOf(ref), crash: async () => dispatch(ref, 'crash') }
    },
    end: async () => stop(system),
  }
}

function echo(casts: number, message: Message): number {
  if (message === 'cast') return casts + 1
  if (message === 'crash') throw new Error('as it was told')
  dispatch(message.sender, message.question + casts)
  return casts
}

const subjectOf = (ref: Ref<Message>): Subject => ({
  ask: (question) => query(ref, (sender: Ref<number>): Message => ({ question, sender }), QUERY_TIMEOUT_MS),
  cast: () => dispatch(ref, 'cast'),
  stop: () => stop(ref),
})
