/**
 * A worker that joins a farm from elsewhere, as an actor.
 */
import { hostname } from 'node:os'
import { Certificate, type CurveSecurity } from '@troupe/core'
import type { ActorContext } from '../../actor/actor-context.js'
import type { Pipe } from '../../actor/pipe.js'
import { Equipment } from '../equipment.js'
import { loadTasks } from '../load-tasks.js'
import { enterWorker } from '../worker-mark.js'
import { Membership } from './membership.js'
import { signOf } from './task-signs.js'

export interface JoinerArgs {
  readonly name: string
  readonly isolation: 'process' | 'inline'
  readonly tasks: string
  readonly tags: readonly string[]
  readonly farm: string
  readonly inbox: string
  readonly advertise: string | undefined
  readonly insecure: boolean
  readonly security: JoinerKeys | undefined
  /** Where the owner listens, who can kill it. */
  readonly control: string | undefined
  readonly joinTimeoutMs: number
}

/** Of a worker of a farm with security. */
export interface JoinerKeys {
  readonly publicKey: string
  readonly secretKey: string
  /** The farm's. */
  readonly farmKey: string
}

/** What it is told: to finish what it runs, and go. */
export const LEAVE = 'leave'

/** What it says: as whom it joins now, and how the farm calls it. */
export interface JoinerWord {
  readonly incarnation?: string
  readonly welcomed?: string
  /** Why it joins anew. */
  readonly lost?: string
  /** Why it is not let in. */
  readonly denied?: string
}

/** The actor. It says when a farm has welcomed it. */
export async function farmJoiner(pipe: Pipe, args: JoinerArgs, { signal, log }: ActorContext): Promise<void> {
  const { name, isolation, tags, farm, inbox, advertise, insecure, control, joinTimeoutMs } = args
  const security = args.security && securityOf(args.security)
  if (isolation === 'process') enterWorker()
  const tasks = await loadTasks(args.tasks)
  const equipment = await Equipment.setUp(tasks, { worker: name, tags, signal, log })
  const leave = new AbortController()
  const say = (word: JoinerWord) => void pipe.send(word).catch(() => undefined)
  const membership = new Membership(
    {
      places: { farm, inbox, advertise, insecure, security, log },
      introduction: {
        tasks: [...tasks.values()].map(signOf),
        host: hostname(),
        ...(tags.length > 0 && { tags: [...tags] }),
        ...(control !== undefined && { control }),
        ...(args.security !== undefined && { key: args.security.publicKey }),
      },
      ...{ isolation, tasks: equipment.tasks, joinTimeoutMs, log },
      incarnated: (incarnation) => say({ incarnation }),
      welcomed: (id) => say({ welcomed: id }),
      lost: (why) => say({ lost: why }),
      denied: (why) => say({ denied: why }),
    },
    { stop: signal, leave: leave.signal },
  )
  void (async () => {
    for await (const told of pipe) if (told === LEAVE) leave.abort()
  })().catch(() => undefined)
  try {
    await membership.run()
  } finally {
    await equipment.takeDown()
  }
}

const securityOf = ({ publicKey, secretKey, farmKey }: JoinerKeys): CurveSecurity => ({
  certificate: Certificate.fromKeys({ publicKey, secretKey }),
  trust: Certificate.fromKeys({ publicKey: farmKey }),
})
