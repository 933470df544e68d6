/**
 * The command `troupe serve`: serves what a file exports until it is told to stop.
 */
import { loadImplementation, type Service, serve as serveContract } from '@troupe/actors/rpc'
import { parseOptions } from '@troupe/core'
import { type Ending, endingOf, type Streams } from './ending.js'
import { Interrupt } from './interrupt.js'
import { securityOf } from './security.options.js'
import { ServeOptions } from './serve.options.js'
import type { Served } from './served.js'
import { readySource } from './source-file.js'
import { unlessStopped } from './unless-stopped.js'

/**
 * Serves. `file` exports what `implement` makes; `given` are the options as the command line has them.
 * @throws {TroupeError} `INVALID_OPTIONS`, what `loadImplementation` and `serve` throw, and what ends the service
 */
export async function serve(file: string, given: unknown, { stderr }: Streams): Promise<Ending> {
  const options = parseOptions(ServeOptions, given, 'troupe serve')
  const tell = (text: string) => stderr.write(`troupe: ${text}\n`)
  const interrupt = new Interrupt(['SIGINT', 'SIGTERM'])
  const { drain, stopped } = interrupt
  try {
    const service = await unlessStopped(start(file, options, tell), drain).catch((error: unknown) => {
      // A worker that Ctrl-C reaches before it is ready dies of it.
      if (interrupt.signal === undefined) throw error
    })
    if (service === undefined) return endingOf(interrupt, 0)
    drain.addEventListener('abort', () => {
      tell('finishing the calls that run; again stops at once')
      void service.stop()
    })
    stopped.addEventListener('abort', () => service.kill())
    const exit = await service.exit
    if (exit.reason === 'failed') throw exit.error
    return endingOf(interrupt, 0)
  } finally {
    interrupt.close()
  }
}

async function start(file: string, options: ServeOptions, tell: (text: string) => void): Promise<Service> {
  const { export: name, workers, isolation, cert, trust, ...rest } = options
  const common = { ...rest, ...securityOf(options, 'troupe serve', 'listens') }
  const { url } = await readySource(file)
  const { export: found, implementation } = await loadImplementation(url, name)
  const { contract } = implementation
  const code = { module: new URL('./served.js', import.meta.url), export: 'served' }
  const args: Served = { file, export: found }
  const service =
    workers === undefined
      ? await serveContract(contract, implementation, common)
      : // Whatever a handler writes, it is not what this command says.
        await serveContract(contract, code, { ...common, workers, isolation, args, workerStdout: 'stderr' })
  const version = contract.version === undefined ? '' : ` ${contract.version}`
  tell(`${contract.name}${version} listens at ${service.endpoints.join(', ')}`)
  return service
}
