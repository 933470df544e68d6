/**
 * The process of one contender among the actors.
 */
import { type Round, serveOrders } from '../host.js'
import { median } from '../statistics.js'
import { actorContenders } from './contenders.js'
import type { Phoenix, Subject } from './world.js'

/** What is to be done, and how often. */
export interface ActorOrder {
  readonly act: 'start' | 'ask' | 'fill' | 'cast' | 'crash'
  readonly count: number
}

const [, , name] = process.argv
const contender = actorContenders.find((one) => one.name === name)
if (contender === undefined) throw new Error(`no actors "${name}"`)
const world = await contender.open()
/** Who takes the questions, and how many casts it had. */
let subject: Subject | undefined
let phoenix: Phoenix | undefined
let casts = 0

serveOrders<ActorOrder>(carryOut, () => world.end())

async function carryOut({ act, count }: ActorOrder): Promise<Round> {
  if (act === 'fill') return timed(1, fill(count))
  if (act === 'cast') return timed(count, castMany(count))
  return each(count, { start: startOne, ask: askOne, crash: crashOne }[act])
}

const timed = async (count: number, done: Promise<void>): Promise<Round> => {
  const began = performance.now()
  await done
  return { count, seconds: (performance.now() - began) / 1_000 }
}

/** One after the other. Each returns how long it took, in ms, so that what it does beside is not counted. */
async function each(count: number, one: (index: number) => Promise<number>): Promise<Round> {
  const times: number[] = []
  while (times.length < count) times.push(await one(times.length + 1))
  return { count, seconds: times.reduce((sum, ms) => sum + ms, 0) / 1_000, medianUs: median(times) * 1_000 }
}

async function startOne(): Promise<number> {
  await world.rest?.()
  const began = performance.now()
  const started = await world.start()
  const took = performance.now() - began
  await started.stop()
  return took
}

async function askOne(question: number): Promise<number> {
  subject ??= await world.start()
  const began = performance.now()
  const answer = await subject.ask(question)
  const took = performance.now() - began
  assertAnswer(answer, question + casts)
  return took
}

async function crashOne(question: number): Promise<number> {
  phoenix ??= await world.startPhoenix!()
  assertAnswer(await phoenix.ask(question), question)
  await world.rest?.()
  const began = performance.now()
  await phoenix.crash()
  const answer = await phoenix.ask(question)
  const took = performance.now() - began
  assertAnswer(answer, question)
  return took
}

async function fill(count: number): Promise<void> {
  subject = await world.startMany!(count)
}

/** Until the last is handled. */
async function castMany(count: number): Promise<void> {
  subject ??= await world.start()
  for (let sent = 0; sent < count; sent++) {
    const room = subject.cast()
    // A promise that says that there is room, and not that it was handled.
    if (room !== undefined) await room
  }
  casts += count
  // A question may overtake casts in some.
  for (let tries = 0; (await subject.ask(1)) !== 1 + casts; tries++) {
    if (tries > 1_000) throw new Error(`${name}: ${casts} casts, and not all were handled`)
  }
}

function assertAnswer(answer: number, wanted: number): void {
  if (answer !== wanted) throw new Error(`${name}: the answer ${answer}, not ${wanted}`)
}
