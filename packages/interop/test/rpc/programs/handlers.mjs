/**
 * The handlers of the contract `conformance`. Those of several workers count what was aborted in one file, a byte for each.
 */
import { appendFileSync, statSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { implement, RefusedError } from '@troupe/actors/rpc'
import { conformance } from './contract.mjs'

/** @param {string} tally the file */
export const handlers = (tally) =>
  implement(conformance, {
    echo: (value) => value,
    nothing: () => undefined,
    fail({ id }, { error }) {
      throw error('NOT_FOUND', { id })
    },
    throws() {
      throw new Error('thrown')
    },
    refuse() {
      throw new RefusedError('not for you')
    },
    misfit: () => 1,
    slow: ({ ms }, { signal }) => counted(tally, setTimeout(ms, 'done', { signal })),
    aborted: () => statSync(tally).size,
    defaults: ({ name, times }) => name.repeat(times),
    bytes: (value) => value,
    time: (value) => value,
    utf8: (value) => Buffer.from(value),
    metadata: (_, { metadata }) => metadata,
    text: ({ length }) => 'x'.repeat(length),
    *count({ n, fail }) {
      for (let number = 0; number < n; number++) yield number
      if (fail) throw new Error('thrown')
    },
    *texts({ length }) {
      yield 'x'
      yield 'x'.repeat(length)
    },
    async sum(_, numbers) {
      let total = 0
      for await (const number of numbers) total += number
      return total
    },
    async first(_, numbers) {
      for await (const number of numbers) return number
    },
    unread: (_, __, { signal }) => counted(tally, setTimeout(3_600_000, undefined, { signal })),
    async *double(_, numbers) {
      for await (const number of numbers) yield 2 * number
    },
  })

async function counted(tally, waiting) {
  try {
    return await waiting
  } catch (error) {
    appendFileSync(tally, '.')
    throw error
  }
}
