/**
 * The command: `differential [--seeds N] [--from SEED]`. What differs on stdout, progress on stderr; it exits with 1 when
 * anything differs, or the order of independent children in more than one seed of a hundred, and with 2 when it cannot
 * be run.
 */
import { parseArgs } from 'node:util'
import { describeDifference, differenceOf, shrink } from './differential.js'
import { missing, OtpPeer } from './otp-peer.js'
import { randomScenario } from './random-scenario.js'

const USAGE = 'usage: differential [--seeds N] [--from SEED]'
/** After so many the next one tells nothing new. */
const ENOUGH = 5

interface Command {
  readonly seeds: number
  readonly from: number
}

const command = parseCommand(process.argv.slice(2))
if (command === undefined || missing !== undefined) {
  console.error(command === undefined ? USAGE : missing)
  process.exitCode = 2
} else {
  process.exitCode = await main(command)
}

async function main({ seeds, from }: Command): Promise<number> {
  await using peer = new OtpPeer()
  const reordered: number[] = []
  let different = 0
  let seed = from
  for (; seed < from + seeds && different < ENOUGH; seed++) {
    if (seed > from && (seed - from) % 1_000 === 0) console.error(`${seed - from} seeds`)
    const found = await differenceOf(randomScenario(seed), peer)
    if (found === undefined) continue
    if (found.isSiblingOrder) {
      reordered.push(seed)
      continue
    }
    different += 1
    console.log(`${describeDifference(await shrink(found, peer))}\n`)
  }
  const played = seed - from
  console.log(`${played} seeds from ${from}: ${different === 0 ? 'no difference' : `${different} differ`}`)
  if (reordered.length > 0) console.log(`with another order of children of one_for_one: ${reordered.join(', ')}`)
  return different > 0 || reordered.length > Math.max(1, played / 100) ? 1 : 0
}

function parseCommand(args: readonly string[]): Command | undefined {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { seeds: { type: 'string', default: '1000' }, from: { type: 'string', default: '1' } },
    })
    const [seeds, from] = [Number(values.seeds), Number(values.from)]
    return Number.isSafeInteger(seeds) && seeds > 0 && Number.isSafeInteger(from) ? { seeds, from } : undefined
  } catch {
    return undefined
  }
}
