/**
 * What a task asks of its turn beyond being the next: one object for all tasks that ask the same.
 */
import type { Rate } from './rate.js'

export interface Routing {
  /** Higher goes first. */
  readonly priority: number
  /** Its worker has all of them. */
  readonly tags: readonly string[]
  /** How many may begin in a time. */
  readonly rates: readonly Rate[]
  /** Tasks of one lane ask the same, and go in the order in which they came to it. */
  readonly lane: string
}

export interface RoutingTerms {
  readonly priority?: number | undefined
  readonly tags?: readonly string[] | undefined
  readonly rates?: readonly Rate[] | undefined
  /** Whether the tasks have an order key: they come to their queue later than others that were given after them. */
  readonly inOrder?: boolean
}

/** Undefined for tasks that ask for nothing, which is the way of nearly all. */
export function routingOf(terms: RoutingTerms): Routing | undefined {
  const { priority = 0, tags = [], rates = [], inOrder = false } = terms
  if (priority === 0 && tags.length === 0 && rates.length === 0 && !inOrder) return undefined
  const wanted = [...new Set(tags)].sort()
  const lane = JSON.stringify([priority, inOrder, wanted, rates.map(({ id }) => id)])
  return { priority, tags: wanted, rates, lane }
}
