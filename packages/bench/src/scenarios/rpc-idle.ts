/**
 * Many clients that do nothing: what one costs its server.
 */
import { readFileSync } from 'node:fs'
import type { Host } from '../host.js'
import { hasProc, rssMib } from '../process-tree.js'
import { presentRpc } from '../rpc/contenders.js'
import type { RpcOrder } from '../rpc/orders.js'
import { ServerProcess, startClients } from '../rpc/pair.js'
import type { RpcContender } from '../rpc/rpc-contender.js'
import type { Scenario } from '../scenario.js'
import { figure } from '../table.js'

interface Crowd {
  /** Processes of clients. */
  readonly processes: number
  readonly clientsEach: number
}

interface Weight {
  readonly beforeMib: number
  readonly afterMib: number
}

/** A context of libzmq has 1,023 sockets at most unless it is told otherwise. */
const CROWD: Crowd = { processes: 20, clientsEach: 500 }
const QUICK_CROWD: Crowd = { processes: 1, clientsEach: 20 }
/** Calls before the first look, so that the server's code is loaded and compiled. */
const FIRST_CALLS = 2_000
/** Descriptors of a server beside those of its clients. */
const SPARE_FILES = 200

export const rpcIdle: Scenario = async ({ quick }) => {
  const crowd = quick ? QUICK_CROWD : CROWD
  const clients = crowd.processes * crowd.clientsEach
  const title = `${figure(clients)} idle clients of one server`
  const skipped = whyNot(clients)
  if (skipped !== undefined) return { title, text: `Skipped: ${skipped}.`, tables: [], targets: [] }
  const rows: string[][] = []
  for (const contender of presentRpc().filter(({ idles }) => idles)) {
    const { beforeMib, afterMib } = await weigh(contender, crowd, quick ? 10 : FIRST_CALLS)
    const bytes = ((afterMib - beforeMib) * 2 ** 20) / clients
    rows.push([contender.name, figure(beforeMib), figure(afterMib), figure(bytes)])
  }
  return {
    title,
    text:
      `${figure(clients)} clients in ${crowd.processes} processes, each with a connection of its own, which calls once and is kept. Memory of the ` +
      'server after the first calls of others, and when all clients were answered, without a forced collection. Then each client ' +
      'calls once more: none was lost. One run.',
    tables: [{ head: ['contender', 'RSS before, MiB', 'RSS after, MiB', 'bytes a client'], rows }],
    targets: [],
  }
}

async function weigh(contender: RpcContender, { processes, clientsEach }: Crowd, firstCalls: number): Promise<Weight> {
  await using server = await ServerProcess.start(contender)
  const hosts: Host<RpcOrder>[] = []
  const all = (order: RpcOrder) => server.during(Promise.all(hosts.map((host) => host.run(order))))
  try {
    while (hosts.length < processes) hosts.push(await startClients(contender, server))
    await server.during(hosts[0]!.run({ act: 'lone', count: firstCalls }))
    const beforeMib = rssMib(server.pid)
    await all({ act: 'open', count: clientsEach })
    const afterMib = rssMib(server.pid)
    await all({ act: 'callKept' })
    return { beforeMib, afterMib }
  } finally {
    await Promise.all(hosts.map((host) => host[Symbol.asyncDispose]()))
  }
}

function whyNot(clients: number): string | undefined {
  if (!hasProc) return 'it is read from /proc, which only Linux has'
  // Node has raised the limit as far as it may.
  const limit = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 'Infinity')
  return limit < clients + SPARE_FILES ? `a server may have ${limit} open files here` : undefined
}
