/**
 * The options of workers that join a farm from elsewhere.
 */
import { availableParallelism } from 'node:os'
import { CurveSecurity, type Logger } from '@troupe/core'
import { z } from 'zod'
import { ShutdownTimeOption } from '../../actor/actor.options.js'
import { advertised, hasPort, isAddress } from './route.js'

/**
 * `waiting`: the farm is not there yet, or it and a worker do not let each other in, said again when that has another reason;
 * `lost`: it has ended, or is not heard any more; `joined`: all workers have joined it.
 */
export interface JoinNotice {
  readonly type: 'waiting' | 'lost' | 'joined'
  /** Why it waits. */
  readonly why?: string
}

const time = z
  .number()
  .min(0)
  .max(2 ** 31 - 1)

const AllJoinOptions = z.strictObject({
  /** The task file that the workers import: a file URL or a path. It must have the farm's tasks, and may have others. */
  tasks: z.union([z.instanceof(URL), z.string().min(1)]),
  /** Where the farm listens: one address, over tcp or ipc. */
  farm: z.string().refine(isAddress, 'must be one address, as tcp://10.0.0.5:7000 or ipc:///tmp/farm'),
  /** How many workers join. Default: one for each core that this process may use. */
  slots: z
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(() => availableParallelism()),
  /** What they have that tasks may ask for. */
  tags: z.array(z.string().min(1).max(128)).max(64).default([]),
  /** Where each worker listens for its farm. A range of ports, as `tcp://10.0.0.7:[9000-9015]`, has one for each. Default: a free port of the address from which this machine reaches the farm. */
  inbox: z.string().min(1).optional(),
  /** The host, or host and port, under which the farm reaches the inbox, where that is another than the one that is bound. */
  advertise: z.string().min(1).optional(),
  /** Each worker in a process of its own, or all in this one (for tests, and for tasks that only wait). */
  isolation: z.enum(['process', 'inline']).default('process'),
  /** How long it may take until the farm is there and has welcomed all for the first time, in ms; 0 for ever. One that was welcome once waits for ever for its farm. */
  joinTimeoutMs: time.default(30_000),
  /** CURVE: who these workers are, and the certificate of the farm. Whoever listens at `farm` without its secret key is not talked to. */
  security: CurveSecurity.optional(),
  /** Listens beyond loopback and ipc without `security`, for whoever reaches it. */
  insecure: z.boolean().default(false),
  /** How many workers may die within `periodMs` before it gives up. */
  intensity: z.number().int().nonnegative().default(20),
  /** The period of the intensity, in ms. */
  periodMs: z.number().positive().default(10_000),
  /** How long a worker may take to stop before it is killed, in ms, or 'brutal_kill', or 'infinity'. */
  shutdownMs: ShutdownTimeOption.default(5_000),
  /** Node's flags for the worker processes. Default: this process's. */
  execArgv: z.array(z.string()).optional(),
  /** Environment variables for the worker processes, beside this process's. */
  env: z.record(z.string(), z.string()).default({}),
  /** Where the standard output of the worker processes goes. */
  workerStdout: z.enum(['inherit', 'stderr', 'ignore']).default('inherit'),
  /** Stops the workers when it aborts; a join that it interrupts fails with `ABORTED`. */
  signal: z.custom<AbortSignal>((value) => value instanceof AbortSignal, 'must be an AbortSignal').optional(),
  /** Is told when the farm is not there, or not any more, or does not let them in, and when all workers have joined it, again too. */
  onNotice: z
    .custom<(notice: JoinNotice) => void>((value) => typeof value === 'function', 'must be a function')
    .optional(),
  /** Where it logs. Default: silent, or stderr at the level that TROUPE_LOG names. */
  log: z
    .custom<Logger>((value) => typeof (value as Logger | null)?.child === 'function', 'must be a pino logger')
    .optional(),
})

export const JoinOptions = AllJoinOptions.superRefine(({ slots, inbox, advertise, security }, context) => {
  const wrong = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
  if (advertise !== undefined && !isAddress(advertised('tcp://127.0.0.1:1', advertise))) {
    wrong('advertise', 'must be a host, or a host and a port, as 10.0.0.7 or worker.example:9000')
  }
  if (security !== undefined && security.certificate === undefined) {
    wrong('security', 'must have a certificate: the farm lets in whose key it trusts')
  }
  if (security?.trust === 'anyone')
    wrong('security', 'must trust the certificate of the farm: whoever it is says what runs here')
  // The farm takes who says HELLO from an address for the one that is there.
  if (slots === 1) return
  if (advertise !== undefined && hasPort(advertise)) wrong('advertise', 'must have no port where slots is more than 1')
  if (inbox !== undefined && /:[1-9]\d*$/.test(inbox)) {
    wrong(
      'inbox',
      'must leave the port open where slots is more than 1, as tcp://10.0.0.7:* or tcp://10.0.0.7:[9000-9015]',
    )
  }
})
export type JoinOptions = z.input<typeof JoinOptions>
export type CheckedJoinOptions = z.output<typeof JoinOptions>
