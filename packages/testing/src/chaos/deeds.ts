/**
 * What can befall a machine. Each ends by itself, resolves when it has, and rejects when what it wanted did not come.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { isAlive } from '../is-alive.js'
import type { Seeded } from '../seeded.js'
import { eventually } from './eventually.js'
import type { Machine } from './machine.js'

export type Deed = (machine: Machine, random: Seeded) => Promise<void>

/** How long a silence may be, in ms: some are shorter than what a farm of 300 ms of liveness bears, and some longer. */
const SILENCES_MS = [50, 900] as const
const OUTAGES_MS = [50, 1_500] as const

/** To the process of a worker, from outside. */
const PROCESS_DEEDS = {
  async 'killed with -9'(machine) {
    const pid = await machine.running()
    process.kill(pid, 'SIGKILL')
    await eventually('who was killed with -9 is dead', () => !isAlive(pid))
  },
  async 'stopped for a while'(machine, random) {
    const pid = await machine.running()
    signal(pid, 'SIGSTOP')
    await delay(random.whole(...SILENCES_MS))
    signal(pid, 'SIGCONT')
  },
  async 'left and joined'(machine) {
    await machine.leave()
    await machine.join()
  },
  async 'left, and joined at another address'(machine) {
    await machine.leave()
    await machine.move()
    await machine.join()
  },
  async 'killed, and came back at another address'(machine) {
    await machine.kill()
    await machine.move()
    await machine.join()
  },
} satisfies Record<string, Deed>

/** To its connections. */
const NETWORK_DEEDS = {
  async 'both connections cut'({ sink, inbox }) {
    sink.proxy.cut()
    inbox.proxy.cut()
  },
  async 'connection to the farm cut'({ sink }) {
    sink.proxy.cut()
  },
  async 'connection to the worker cut'({ inbox }) {
    inbox.proxy.cut()
  },
  async 'network down'({ sink, inbox }, random) {
    sink.proxy.down()
    inbox.proxy.down()
    await delay(random.whole(...OUTAGES_MS))
    sink.heal()
    inbox.heal()
  },
  async 'farm not reached'({ sink }, random) {
    sink.proxy.swallow()
    await delay(random.whole(...OUTAGES_MS))
    sink.heal()
  },
  async 'worker not reached'({ inbox }, random) {
    inbox.proxy.swallow()
    await delay(random.whole(...OUTAGES_MS))
    inbox.heal()
  },
  async 'network slow'({ sink, inbox }, random) {
    const ms = random.whole(5, 100)
    sink.proxy.slow(ms)
    inbox.proxy.slow(ms)
    await delay(500)
    sink.heal()
    inbox.heal()
  },
  async 'farm not reached while it joins'(machine, random) {
    await machine.kill()
    machine.sink.proxy.swallow()
    const joined = machine.join()
    await delay(random.whole(...OUTAGES_MS))
    machine.sink.heal()
    await joined
  },
} satisfies Record<string, Deed>

/** To single messages, in connections that live on. */
const MESSAGE_DEEDS = {
  async 'HELLO lost twice'(machine) {
    await machine.kill()
    const lost = [machine.sink.lose('HELLO'), machine.sink.lose('HELLO')]
    await machine.join()
    await Promise.all(lost)
  },
  async 'WELCOME lost'(machine) {
    await machine.kill()
    const lost = machine.inbox.lose('WELCOME')
    await machine.join()
    await lost
  },
  'RESULTS lost': ({ sink }) => sink.lose('RESULTS'),
  'TASKS lost': ({ inbox }) => inbox.lose('TASKS'),
} satisfies Record<string, Deed>

/** By its own tasks. */
const TASK_DEEDS = {
  'exited in a task': (machine) => machine.ordered('exit'),
  'aborted in a task': (machine) => machine.ordered('abort'),
  'exited between tasks': (machine) => machine.ordered('exit between tasks'),
  'memory exhausted': (machine) => machine.ordered('exhaust memory'),
} satisfies Record<string, Deed>

/** By a task that does not end: the farm has the worker killed, if it lives on itself. */
const ENDLESS_TASKS = {
  'looped for ever': (machine) => machine.ordered('loop'),
  'task never ended': (machine) => machine.ordered('never end'),
} satisfies Record<string, Deed>

/** What can befall every machine. */
export const DEEDS: Readonly<Record<string, Deed>> = { ...PROCESS_DEEDS, ...NETWORK_DEEDS, ...MESSAGE_DEEDS }
/** What can befall one whose tasks obey. */
export const OBEDIENT_DEEDS: Readonly<Record<string, Deed>> = TASK_DEEDS
/** The same, while nothing befalls the farm. */
export const ENDLESS_DEEDS: Readonly<Record<string, Deed>> = ENDLESS_TASKS

function signal(pid: number, name: NodeJS.Signals): void {
  // It may have died meanwhile.
  if (isAlive(pid)) process.kill(pid, name)
}
