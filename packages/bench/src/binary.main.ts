/**
 * The process of one contender of the binary scenario.
 */
import { fileURLToPath } from 'node:url'
import { Farm } from '@troupe/actors/farm'
import { Piscina } from 'piscina'
import { Blob, mirror } from './contenders/binary.tasks.js'
import { type Order, type Round, serveOrders } from './host.js'

/** So many are given and not answered. */
const IN_FLIGHT = 8
const BYTES = 1 << 20

interface Mirror {
  run(input: Blob): Promise<Blob>
  stop(): Promise<void>
}

const starts: Readonly<Record<string, (workers: number) => Promise<Mirror>>> = {
  'troupe farm, threads': (workers) => startFarm(workers, 'thread'),
  'troupe farm, processes': (workers) => startFarm(workers, 'process'),
  async piscina(workers) {
    const filename = fileURLToPath(new URL('./contenders/binary.tasks.js', import.meta.url))
    const pool = new Piscina({ filename, name: 'checkedMirror', minThreads: workers, maxThreads: workers })
    return { run: async (input) => Blob.parse(await pool.run(Blob.parse(input))), stop: () => pool.destroy() }
  },
}

async function startFarm(workers: number, isolation: 'thread' | 'process'): Promise<Mirror> {
  const farm = await Farm.start({ tasks: new URL('./contenders/binary.tasks.js', import.meta.url), workers, isolation })
  return { run: (input) => farm.submit(mirror, input), stop: () => farm.stop() }
}

const [, , name = '', workers] = process.argv
const contender = await starts[name]!(Number(workers))
serveOrders(carryOut, () => contender.stop())

async function carryOut({ count = 0 }: Order): Promise<Round> {
  const inputs = Array.from({ length: IN_FLIGHT }, (_, id) => ({ id, bytes: new Uint8Array(BYTES).fill(id + 1) }))
  let given = 0
  const began = performance.now()
  const caller = async (input: Blob) => {
    while (given++ < count) assertSame(await contender.run(input), input)
  }
  await Promise.all(inputs.map(caller))
  return { count, seconds: (performance.now() - began) / 1_000 }
}

function assertSame({ id, bytes }: Blob, input: Blob): void {
  const ends = bytes[0] === input.id + 1 && bytes[BYTES - 1] === input.id + 1
  if (id !== input.id || bytes.length !== BYTES || !ends) throw new Error(`${name} gave a wrong result`)
}
