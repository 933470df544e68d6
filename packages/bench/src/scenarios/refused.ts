/**
 * Strangers knock at a service a thousand times a second: what an honest client notices of it.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
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
const MOST = 2
/** How many knock a second. The last is the target. */
const CONTENDERS = [0, 100, 1_000].map((perSecond) => ({
  name: perSecond === 0 ? 'nobody knocks' : `${figure(perSecond)} strangers knock a second`,
  perSecond,
}))
type Knocking = (typeof CONTENDERS)[number]

export const refused: Scenario = async ({ rounds, quick }) => {
  await using server = await ServerProcess.start(troupeRpcSecured)
  await using client = await startClients(troupeRpcSecured, server)
  await using strangers = await Strangers.start(server.address)
  const start = async ({ name, perSecond }: Knocking): Promise<RoundsOf<RpcOrder>> =>
    perSecond === 0 ? new Alone(client) : new Beside(client, strangers, name, perSecond)
  const orderFor = () => ({ act: 'lone' as const, count: quick ? 50 : 3_000 })
  const results = await alternate(CONTENDERS, { start, rounds, warmUp: !quick, orderFor })
  const summaries = new Map([...results].map(([name, all]) => [name, summarize(all.map(({ p99Us }) => p99Us!))]))
  const { name, perSecond } = CONTENDERS.at(-1)!
  const ratio = summaries.get(name)!.median / summaries.get(CONTENDERS[0]!.name)!.median
  const rate = (one: Knocking) => median(strangers.rates.get(one.name)!)
  return {
    title: 'Strangers whose keys are not trusted',
    text:
      `A client calls, one call after the other, ${figure(orderFor().count)} a round. Beside it another process connects so many times a second ` +
      `by a key that the service does not trust. So many were refused a second: ${CONTENDERS.slice(1)
        .map((one) => `${figure(rate(one))} of ${figure(one.perSecond)}`)
        .join(', ')}. ` +
      'All is on this machine, where what the strangers compute for their side of the handshake comes last (nice 19).',
    tables: [timeTable(CONTENDERS, summaries, 'us, p99 of a call')],
    targets: [
      {
        what: `p99 of honest calls while ${figure(rate(CONTENDERS.at(-1)!))} of ${figure(perSecond)} handshakes a second are refused`,
        ...{
          wanted: `at most ${MOST} x`,
          measured: times(ratio),
          met: ratio <= MOST && rate(CONTENDERS.at(-1)!) > perSecond * 0.9,
        },
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
  readonly #name: string
  readonly #perSecond: number

  constructor(client: Host<RpcOrder>, strangers: Strangers, name: string, perSecond: number) {
    super(client)
    this.#strangers = strangers
    this.#name = name
    this.#perSecond = perSecond
  }

  override run(order: RpcOrder): Promise<Round> {
    return this.#strangers.during(() => super.run(order), this.#name, this.#perSecond)
  }
}

class Strangers implements AsyncDisposable {
  readonly #child: ChildProcess
  /** How many were refused a second, in each round. */
  readonly rates = new Map<string, number[]>()

  static async start(address: string): Promise<Strangers> {
    const child = fork(STRANGERS, [address], { stdio: ['ignore', 2, 2, 'ipc'] })
    await once(child, 'message')
    return new Strangers(child)
  }

  private constructor(child: ChildProcess) {
    this.#child = child
  }

  async during<Value>(work: () => Promise<Value>, name: string, perSecond: number): Promise<Value> {
    const begun = once(this.#child, 'message')
    this.#child.send(perSecond)
    await begun
    const began = performance.now()
    const value = await work()
    const seconds = (performance.now() - began) / 1_000
    const counted = once(this.#child, 'message')
    this.#child.send('end')
    const [count] = (await counted) as [number]
    this.rates.set(name, [...(this.rates.get(name) ?? []), count / seconds])
    // What is still under way is no part of the next round.
    await once(this.#child, 'message')
    return value
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.disconnect()
    await exited
  }
}
