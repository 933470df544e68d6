/**
 * The command `troupe worker`: workers of this machine for a farm elsewhere.
 */
import { FarmWorkers } from '@troupe/actors/farm'
import { parseOptions } from '@troupe/core'
import { type Ending, endingOf, type Streams } from './ending.js'
import { Interrupt } from './interrupt.js'
import { openSource } from './task-file.js'
import { unlessStopped } from './unless-stopped.js'
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
    const joining = join(file, options)
    const workers = await unlessStopped(joining, drain).catch((error: unknown) => {
      // A worker that Ctrl-C reaches before it is ready dies of it.
      if (interrupt.signal === undefined) throw error
    })
    if (workers === undefined) {
      await (await joining.catch(() => undefined))?.stop()
      return endingOf(interrupt, 0)
    }
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

async function join(file: string, { join: farm, ...options }: WorkerOptions): Promise<FarmWorkers> {
  const { url, execArgv } = await openSource(file)
  // Whatever a task writes, it is not what this command says.
  return await FarmWorkers.join({ tasks: url, farm, ...options, execArgv: [...execArgv], workerStdout: 'stderr' })
}
