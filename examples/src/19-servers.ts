/**
 * Three servers in a supervision tree, each in a process of its own, and a client that spreads its calls over them. One is
 * killed with SIGKILL under load: no call fails, and its successor, at the same endpoint, is used again.
 *
 * Run: node examples/dist/19-servers.js
 * Expected output:
 *   3 servers answer
 *   killed one of them under load
 *   no call has failed, and its successor answers too: 1 restart
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { Actor, type ModuleExport } from '@troupe/actors/actor'
import { connect } from '@troupe/actors/rpc'
import { Supervisor } from '@troupe/actors/supervisor'
import { pricing, type server } from './19-server.js'

const code: ModuleExport<typeof server> = { module: new URL('./19-server.js', import.meta.url), export: 'server' }
const endpoints = new Map<string, string>()

/** A server on a free port, which its successors keep. */
async function startServer(id: string): Promise<Actor> {
  const endpoint = endpoints.get(id) ?? 'tcp://127.0.0.1:!'
  const actor = await Actor.start(code, endpoint, { isolation: 'process' })
  endpoints.set(id, String(await actor.receive()))
  return actor
}

await using tree = await Supervisor.start({
  name: 'servers',
  children: ['a', 'b', 'c'].map((id) => ({ id, start: () => startServer(id) })),
})
await using client = connect(pricing, { endpoints: [...endpoints.values()] })

/** The processes that have answered. */
const answered = new Set<number>()
let isOver = false

async function caller(): Promise<void> {
  while (!isOver) answered.add((await client.quote('ACME')).pid)
}
async function untilAnswered(servers: number): Promise<void> {
  while (answered.size < servers) await sleep(10)
}

const callers = Array.from({ length: 20 }, caller)
await untilAnswered(3)
console.log('3 servers answer')

const [one] = answered
process.kill(one!, 'SIGKILL')
console.log('killed one of them under load')
await untilAnswered(4)

isOver = true
await Promise.all(callers)
const restarts = tree.children().map(({ restarts }) => restarts)
console.log(`no call has failed, and its successor answers too: ${Math.max(...restarts)} restart`)
