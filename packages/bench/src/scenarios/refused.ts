/**
 * Strangers knock at a service a thousand times a second: what an honest client notices of it.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Host, Round, RoundsOf } from '../host.js'
import { alternate } from '../rounds.js'
import { troupeRpcSecured } from '../rpc/contenders.js'
import type { RpcOrder } from '../rpc/orders.js'
import { ServerProcess, startClients } from '../rpc/pair.js'
import type { Scenario } from '../scenario.js'
import { median, summarize } from '../statistics.js'
import { figure, times } from '../table.js'
import { timeTable } from '../time-table.js'

const STRANGERS = fileURLToPath(new URL('../rpc/strangers.main.js', import.meta.url))
const PER_SECOND = 1_000
const MOST = 2
/** They have begun by then. */
const BEGUN_MS = 200
const CONTENDERS = [{ name: 'nobody knocks' }, { name: 'strangers knock' }] as const

export const refused: Scenario = async ({ rounds, quick }) => {
  const perSecond = quick ? 100 : PER_SECOND
  await using server = await ServerProcess.start(troupeRpcSecured)
  await using client = await startClients(troupeRpcSecured, server)
  await using strangers = await Strangers.start(server.address, perSecond)
  const start = async ({ name }: (typeof CONTENDERS)[number]): Promise<RoundsOf<RpcOrder>> =>
    name === 'nobody knocks' ? new Alone(client) : new Beside(client, strangers)
  const orderFor = () => ({ act: 'lone' as const, count: quick ? 50 : 3_000 })
  const results = await alternate(CONTENDERS, { start, rounds, warmUp: !quick, orderFor })
  const summaries = new Map([...results].map(([name, all]) => [name, summarize(all.map(({ p99Us }) => p99Us!))]))
  const ratio = summaries.get('strangers knock')!.median / summaries.get('nobody knocks')!.median
  const rate = median(strangers.rates)
  return {
    title: 'Strangers whose keys are not trusted',
    text:
      `A client calls, one call after the other, ${figure(orderFor().count)} a round. In every second round another process connects ` +
      `${figure(perSecond)} times a second by a key that the service does not trust; ${figure(rate)} a second were refused. ` +
      'All is on this machine: what the strangers compute for their side of the handshake counts too.',
    tables: [timeTable(CONTENDERS, summaries, 'us, p99 of a call')],
    targets: [
      {
        what: `p99 of honest calls while ${figure(rate)} handshakes a second are refused`,
        ...{ wanted: `at most ${MOST} x`, measured: times(ratio), met: ratio <= MOST },
      },
    ],
  }
}

class Alone implements RoundsOf<RpcOrder> {
  constructor(protected readonly client: Host<RpcOrder>) {}

  run(order: RpcOrder): Promise<Round> {
    return this.client.run(order)
  }

  /** The client is not its own. */
  async [Symbol.asyncDispose](): Promise<void> {}
}

class Beside extends Alone {
  readonly #strangers: Strangers

  constructor(client: Host<RpcOrder>, strangers: Strangers) {
    super(client)
    this.#strangers = strangers
  }

  override run(order: RpcOrder): Promise<Round> {
    return this.#strangers.during(() => super.run(order))
  }
}

class Strangers implements AsyncDisposable {
  readonly #child: ChildProcess
  /** How many were refused a second, in each round. */
  readonly rates: number[] = []

  static async start(address: string, perSecond: number): Promise<Strangers> {
    const child = fork(STRANGERS, [address, String(perSecond)], { stdio: ['ignore', 2, 2, 'ipc'] })
    await once(child, 'message')
    return new Strangers(child)
  }

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  async during<Value>(work: () => Promise<Value>): Promise<Value> {
    this.#child.send('begin')
    const began = performance.now()
    await sleep(BEGUN_MS)
    const value = await work()
    const answered = once(this.#child, 'message')
    this.#child.send('end')
    const [count] = (await answered) as [number]
    this.rates.push(count / ((performance.now() - began) / 1_000))
    // What is still under way is no part of the next round.
    await sleep(BEGUN_MS)
    return value
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.disconnect()
    await exited
  }
}
