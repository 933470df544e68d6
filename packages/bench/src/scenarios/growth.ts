/**
 * What a process holds after many sockets, and after many messages.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { hasProc } from '../process-tree.js'
import type { Scenario, Target } from '../scenario.js'
import type { Footprint } from '../sockets/footprint.js'
import { figure } from '../table.js'

const ROUNDS = 4
/** The heap of a process that does the same again and again is not the same to the page. */
const NOISE = 1.03

export const growth: Scenario = async ({ quick }) => {
  const [sockets, messages] = quick ? [40, 1_000] : [1_000, 1_000_000]
  const title = `${figure(sockets)} sockets, and ${figure(messages)} messages`
  if (!hasProc) return { title, text: 'Skipped: it is read from /proc, which only Linux has.', tables: [], targets: [] }
  const main = fileURLToPath(new URL('../sockets/growth.main.js', import.meta.url))
  const child = fork(main, [ROUNDS, sockets, messages].map(String), { execArgv: ['--expose-gc'] })
  const [after] = (await once(child, 'message')) as [{ sockets: Footprint[]; messages: Footprint[] }]
  await once(child, 'exit')
  const rows = (what: string, all: readonly Footprint[]) =>
    all.map(({ rssMib, descriptors, threads }, round) => [
      `${what}, ${round + 1} times`,
      figure(rssMib),
      String(descriptors),
      String(threads),
    ])
  return {
    title,
    text:
      'One process opens and closes sockets over tcp, each of which sends or receives a message; another time it sends ' +
      'messages through one socket. What it holds after each round, when its garbage was collected.',
    tables: [
      {
        head: ['after', 'RSS, MiB', 'descriptors', 'threads'],
        rows: [
          ...rows(`${figure(sockets)} sockets`, after.sockets),
          ...rows(`${figure(messages)} messages`, after.messages),
        ],
      },
    ],
    targets: [
      ...targetsOf(`${figure(sockets)} sockets`, after.sockets),
      ...targetsOf(`${figure(messages)} messages`, after.messages),
    ],
  }
}

/** The last round beside the second: the first brings what stays, as code and pools. */
function targetsOf(what: string, [, second, ...others]: readonly Footprint[]): Target[] {
  const last = others[others.length - 1]!
  const rss = last.rssMib / second!.rssMib
  const same = last.descriptors === second!.descriptors && last.threads === second!.threads
  const held = ({ descriptors, threads }: Footprint) => `${descriptors} and ${threads}`
  return [
    {
      what: `${what} more: descriptors and threads`,
      wanted: 'as many as before',
      measured: `${held(last)}, before ${held(second!)}`,
      met: same,
    },
    {
      what: `${what} more: RSS beside that before`,
      wanted: `at most ${NOISE} x`,
      measured: `${rss.toFixed(3)} x`,
      met: rss <= NOISE,
    },
  ]
}
