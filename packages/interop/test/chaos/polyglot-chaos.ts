/**
 * A farm whose process is killed with -9 and resumed with its journal, while workers in Node, Python and C that have joined it
 * over bad networks die, stand still, leave and come back: every result must be in its output once, and nothing may be left.
 */
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { FarmWorkers } from '@troupe/actors/farm'
import {
  DEEDS,
  ENDLESS_DEEDS,
  type Ends,
  freePort,
  inFolder,
  joinTerms,
  type Lodger,
  leftovers,
  lodgerOf,
  Machine,
  misfortunesOf,
  OBEDIENT_DEEDS,
  type Places,
  Program,
  Story,
} from '@troupe/testing/chaos'
import { wrongJournal, wrongOutput, wrongReport } from './accounts.js'
import { FARM_DEEDS, FarmProgram, type Report } from './farm-program.js'

const TASKS = new URL('../fixtures/chaos-tasks.mjs', import.meta.url)
const PYTHON_PROGRAM = fileURLToPath(new URL('../../python/farm_tasks.py', import.meta.url))
/** How many machines have a worker of ours. */
const NODES = 2

export interface PolyglotChaosTerms {
  /** How many tasks at least; there are more if they are done before all has befallen them. */
  readonly count: number
  readonly seed: number
  /** How often something befalls them. */
  readonly deeds: number
  /** An empty folder. */
  readonly folder: string
  /** Is told what befalls whom. */
  readonly log?: ((line: string) => void) | undefined
  /** A Python with pyzmq and msgpack; without it the play has none in Python. */
  readonly python: string | undefined
  /** The program in C; without it the play has none in C. */
  readonly c: string | undefined
}

export interface PolyglotChaos {
  readonly count: number
  /** How often each thing has befallen them, and whom anything how often. */
  readonly befell: Readonly<Record<string, number>>
  readonly suffered: Readonly<Record<string, number>>
  /** What is not as it should be; empty if nothing is. */
  readonly wrong: readonly string[]
}

export const polyglotChaos = (terms: PolyglotChaosTerms): Promise<PolyglotChaos> =>
  inFolder(terms.folder, (places) => chaosIn(places, terms))

async function chaosIn(places: Places, terms: PolyglotChaosTerms): Promise<PolyglotChaos> {
  const { count, seed, deeds, folder, log } = terms
  const [port, journal, output] = [await freePort(), join(folder, 'journal'), join(folder, 'output')]
  await using farm = new FarmProgram({ count, endpoint: `tcp://127.0.0.1:${port}`, journal, output })
  await farm.ready()
  const cast = new Cast(port, places.orders)
  const machines = await cast.open(terms)
  const obedient = machines.filter(({ isObedient }) => isObedient)
  const story = new Story({
    ...{ seed, count, length: deeds, nameOf: (victim) => (victim instanceof Machine ? victim.kind : 'farm'), log },
    misfortunes: [
      ...misfortunesOf(DEEDS, machines),
      ...misfortunesOf(OBEDIENT_DEEDS, obedient),
      ...misfortunesOf(ENDLESS_DEEDS, obedient, [farm]),
      ...misfortunesOf(FARM_DEEDS, [farm]),
    ],
  })
  const report = await play(farm, machines, story)
  await Promise.all(machines.map((machine) => machine.end()))
  const pids = new Set([...farm.pids, ...cast.pids, ...machines.flatMap((machine) => [...machine.pids])])
  const wrong = [
    ...[...cast.wrong, ...farm.wrong, ...story.wrong],
    ...[...wrongOutput(output, report.given), ...wrongReport(report), ...(await wrongJournal(journal, report.given))],
    ...(await leftovers(pids, Object.values(places))).map((what) => `${what} is left`),
  ]
  return { count: report.given, befell: story.befell, suffered: story.suffered, wrong }
}

/** Until the farm has done all and ended. */
async function play(farm: FarmProgram, machines: readonly Machine[], story: Story): Promise<Report> {
  while (farm.report === undefined) {
    await delay(5)
    // So that it knows whom it has had.
    for (const machine of machines) void machine.pid
    story.advance(farm.written)
    farm.allow(story.hasEnded ? Number.POSITIVE_INFINITY : Math.min(story.allowed, Number.MAX_SAFE_INTEGER))
    farm.assertMoving()
  }
  return farm.report
}

/** Who works for the farm. */
class Cast {
  readonly #farmPort: number
  readonly #orders: string
  readonly pids = new Set<number>()
  readonly wrong: string[] = []

  constructor(farmPort: number, orders: string) {
    this.#farmPort = farmPort
    this.#orders = orders
  }

  open({ python, c }: PolyglotChaosTerms): Promise<Machine[]> {
    const machines = Array.from({ length: NODES }, () => this.#node())
    if (python !== undefined) {
      machines.push(
        this.#program('Python', ({ farm, inbox, advertise }) => {
          return [python, '-B', PYTHON_PROGRAM, '--inbox', inbox, '--advertise', `tcp://${advertise}`, farm]
        }),
      )
    }
    if (c !== undefined) {
      machines.push(
        this.#program('C', ({ farm, inbox, advertise }) => {
          return [c, farm, '--until-stdin-ends', '--inbox', inbox, '--advertise', `tcp://${advertise}`]
        }),
      )
    }
    return Promise.all(machines)
  }

  #node(): Promise<Machine> {
    const folder = this.#orders
    return Machine.start({
      ...{ kind: 'Node', folder, farmPort: this.#farmPort },
      start: async (ends) => lodgerOf(await FarmWorkers.join({ tasks: TASKS, ...joinTerms(ends, folder) })),
    })
  }

  #program(kind: string, command: (ends: Ends) => readonly [string, ...string[]]): Promise<Machine> {
    const terms = {
      ...{ command, joined: /joined/ },
      onStart: (pid: number) => void this.pids.add(pid),
      onFailure: (why: string) => void this.wrong.push(`${kind}: ${why}`),
    }
    const start = (ends: Ends): Promise<Lodger> => Program.start(terms, ends)
    return Machine.start({ kind, farmPort: this.#farmPort, start })
  }
}
