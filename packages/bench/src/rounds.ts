/**
 * Alternated rounds: A B C, A B C, ... so that what drifts on the machine befalls all alike.
 */
import type { Contender } from './contender.js'
import { Host, type Order, type Round } from './host.js'
import type { TaskKind } from './work.js'

export interface RoundsOptions {
  readonly task: TaskKind
  readonly workers: number
  readonly rounds: number
  orderFor(contender: Contender): Order
}

/**
 * The rounds of each contender, in the order given. All are started first and stay; a round that is not counted comes
 * first, for the compiler and the caches.
 */
export async function alternate(
  contenders: readonly Contender[],
  { task, workers, rounds, orderFor }: RoundsOptions,
): Promise<Map<string, Round[]>> {
  const results = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]))
  const hosts = new Map<Contender, Host>()
  try {
    for (const contender of contenders) {
      hosts.set(contender, await Host.start(contender, { task, workers, collect: true }))
    }
    for (let round = 0; round <= rounds; round++) {
      for (const [contender, host] of hosts) {
        const result = await host.run(orderFor(contender))
        if (round > 0) results.get(contender.name)!.push(result)
      }
    }
  } finally {
    for (const host of hosts.values()) await host[Symbol.asyncDispose]()
  }
  return results
}
