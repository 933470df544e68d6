/**
 * The command `troupe worker`: workers of this machine for a farm elsewhere.
 */
import { FarmWorkers, type JoinNotice, type JoinOptions } from '@troupe/actors/farm'
import { parseOptions } from '@troupe/core'
import { type Ending, endingOf, type Streams } from './ending.js'
import { Interrupt } from './interrupt.js'
import { securityOf } from './security.options.js'
import { openSource } from './task-file.js'
import { WorkerOptions } from './worker.options.js'

/**
 * Joins and works until it is told to leave. `file` exports tasks; `given` are the options as the command line has them.
 * @throws {TroupeError} `INVALID_OPTIONS`, what {@link openSource} and `FarmWorkers.join` throw, and what ends the workers
 */
export async function worker(file: string, given: unknown, { stderr }: Streams): Promise<Ending> {
  const options = parseOptions(WorkerOptions, given, 'troupe worker')
  const tell = (text: string) => stderr.write(`troupe: ${text}\n`)
  const interrupt = new Interrupt(['SIGINT', 'SIGTERM'])
  const { drain, stopped } = interrupt
  try {
    const joining = new AbortController()
    const giveUp = () => joining.abort()
    drain.addEventListener('abort', giveUp)
    const workers = await join(file, options, { signal: joining.signal, onNotice: teller(options.join, tell) }).catch(
      (error: unknown) => {
        // Ctrl-C has ended it, or has reached a worker before it was ready.
        if (interrupt.signal === undefined) throw error
      },
    )
    drain.removeEventListener('abort', giveUp)
    if (workers === undefined) return endingOf(interrupt, 0)
    const { length } = workers.workers
    tell(`${length} ${length === 1 ? 'worker has' : 'workers have'} joined the farm at ${options.join}`)
    drain.addEventListener('abort', () => {
      tell('finishing the tasks that run; again stops at once')
      void workers.leave()
    })
    stopped.addEventListener('abort', () => void workers.stop({ timeoutMs: 'brutal_kill' }))
    const exit = await workers.exit
    if (exit.reason === 'failed') throw exit.error
    return endingOf(interrupt, 0)
  } finally {
    interrupt.close()
  }
}

/** Says what becomes of the farm; that all have joined at first is said apart. */
function teller(farm: string, tell: (text: string) => void): (notice: JoinNotice) => void {
  let isAgain = false
  return ({ type, why }) => {
    if (type === 'waiting') tell(`${why}; waiting for it`)
    else if (type === 'lost') tell(`the farm at ${farm} is lost: ${why}; waiting for it`)
    else if (isAgain) tell(`the farm at ${farm} is joined again`)
    isAgain ||= type !== 'waiting'
  }
}

type Listening = Pick<JoinOptions, 'signal' | 'onNotice'>

async function join(file: string, options: WorkerOptions, listening: Listening): Promise<FarmWorkers> {
  const { join: farm, cert, trust, ...rest } = options
  const secured = securityOf(options, 'troupe worker', 'listens')
  const { url, execArgv } = await openSource(file)
  // Whatever a task writes, it is not what this command says.
  return await FarmWorkers.join({
    tasks: url,
    farm,
    ...rest,
    ...secured,
    execArgv: [...execArgv],
    workerStdout: 'stderr',
    ...listening,
  })
}
