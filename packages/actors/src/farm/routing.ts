/**
 * What a task asks of its turn beyond being the next: one object for all tasks that ask the same.
 */
export interface Routing {
  /** Higher goes first. */
  readonly priority: number
  /** Its worker has all of them. */
  readonly tags: readonly string[]
  /** Tasks of one lane ask the same, and go in the order in which they came to it. */
  readonly lane: string
}

export interface RoutingTerms {
  readonly priority?: number | undefined
  readonly tags?: readonly string[] | undefined
  /** Whether the tasks have an order key: they come to their queue later than others that were given after them. */
  readonly inOrder?: boolean
}

/** Undefined for tasks that ask for nothing, which is the way of nearly all. */
export function routingOf({ priority = 0, tags = [], inOrder = false }: RoutingTerms): Routing | undefined {
  if (priority === 0 && tags.length === 0 && !inOrder) return undefined
  const wanted = [...new Set(tags)].sort()
  return { priority, tags: wanted, lane: JSON.stringify([priority, inOrder, wanted]) }
}
