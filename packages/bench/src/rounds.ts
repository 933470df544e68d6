/**
 * Alternated rounds: A B C, A B C, ... so that what drifts on the machine befalls all alike.
 */
import type { Round, RoundsOf } from './host.js'

/** Rounds that are not counted come first, for the compiler and the caches: the rates of all rise for about so many. */
export const WARM_UP_ROUNDS = 3

export interface RoundsOptions<Contender, Orders> {
  readonly rounds: number
  /** So many short rounds stand for each: the shorter they are, the more alike is the machine to all. */
  readonly finer?: number
  /** Lets the rounds come first that are not counted. */
  readonly warmUp: boolean
  start(contender: Contender): Promise<RoundsOf<Orders>>
  orderFor(contender: Contender): Orders
}

/** The rounds of each contender, by name. All are started first, and stay until the last round. */
export async function alternate<Contender extends { readonly name: string }, Orders>(
  contenders: readonly Contender[],
  { rounds, finer = 1, warmUp, start, orderFor }: RoundsOptions<Contender, Orders>,
): Promise<Map<string, Round[]>> {
  const results = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]))
  const hosts: RoundsOf<Orders>[] = []
  try {
    if (warmUp) for (const contender of contenders) hosts.push(await start(contender))
    else hosts.push(...(await startTogether(contenders, start)))
    for (let round = warmUp ? -WARM_UP_ROUNDS * finer : 0; round < rounds * finer; round++) {
      for (const [index, contender] of contenders.entries()) {
        const result = await hosts[index]!.run(orderFor(contender))
        if (round >= 0) results.get(contender.name)!.push(result)
      }
    }
  } finally {
    await Promise.all(hosts.map((host) => host[Symbol.asyncDispose]()))
  }
  return results
}

/** Where no time counts. One that does not start ends the others. */
async function startTogether<Contender, Orders>(
  contenders: readonly Contender[],
  start: (contender: Contender) => Promise<RoundsOf<Orders>>,
): Promise<RoundsOf<Orders>[]> {
  const outcomes = await Promise.allSettled(contenders.map(start))
  const started = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = outcomes.find((one) => one.status === 'rejected')
  if (failed === undefined) return started
  await Promise.all(started.map((host) => host[Symbol.asyncDispose]()))
  throw failed.reason
}
