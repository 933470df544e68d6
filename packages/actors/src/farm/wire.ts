/**
 * The farm's frames on the wire, as docs/wire/farm.md describes them: a message is a header and a body, and the large binary
 * values of the body as parts of their own behind it.
 *
 * The header is a msgpack array that says who speaks to whom and what it acknowledges; a peer can judge a frame by it
 * without reading the body. Every frame is checked before it is believed.
 */
import type { ErrorData } from '@troupe/core'
import { StrictMsgpack } from '@troupe/core/strict'
import { z } from 'zod'
import { listOf, recordOf } from '../actor/list-of.js'
import { StrictPackr } from '../actor/strict-packr.js'
import { MAX_BINARIES, PLACE, packApart, unpackWith } from './binary-parts.js'
import type { Failure } from './failure.js'
import { asBuffer } from './parts.js'
import { type Progress, ProgressShape } from './progress.js'
import { fromRows, type List, limitRows, toRows } from './rows.js'

/** The version of the wire. Peers of another version are refused. */
export const WIRE_VERSION = 3

/** How a body is encoded: `records` (rows, and msgpackr's records) between Troupe's own ends, else plain `msgpack`. */
export const BODY_ENCODINGS = ['records', 'msgpack'] as const
export type BodyEncoding = (typeof BODY_ENCODINGS)[number]

export const FRAME_KINDS = [
  'HELLO',
  'WELCOME',
  'REFUSED',
  'TASKS',
  'CANCEL',
  'CREDIT',
  'UPDATE',
  'RESULTS',
  'BEAT',
  'BYE',
  'KILL',
] as const
export type FrameKind = (typeof FRAME_KINDS)[number]

/** A body and, behind it, its large binary values. */
export type BodyParts = readonly Uint8Array[]

/** The kinds whose bodies have values of tasks. */
const HAVE_BINARIES: ReadonlySet<FrameKind> = new Set(['TASKS', 'UPDATE', 'RESULTS'])

export interface Header {
  /** The sender's version of the wire. A HELLO of another version is answered with REFUSED, the rest is dropped. */
  readonly version: number
  readonly kind: FrameKind
  /** The run of the farm: a random id, made when the farm starts. Empty from a worker that does not know it yet. */
  readonly run: string
  /** The incarnation of the worker: a random id, made anew each time a worker starts. */
  readonly incarnation: string
  /** The number of a TASKS, CANCEL, CREDIT, UPDATE, RESULTS or BYE frame in its direction, from 1; of another frame, of the last one sent. */
  readonly sequence: number
  /** The number of the last frame that was taken from the peer. */
  readonly acknowledged: number
  /** Of a worker that was welcome: what WELCOME gave it, which nobody else can know. */
  readonly token?: string | undefined
}

/** What is sent of a header. */
export type Heading = Omit<Header, 'version'>

/** A task that a worker has. `input` and `output` are the hashes of its schemas; who cannot tell them leaves them out. */
const word = z.string().max(256)
const TaskSign = z.object({
  name: word,
  version: word.optional(),
  input: word.optional(),
  output: word.optional(),
})
export type TaskSign = z.output<typeof TaskSign>

/** What a worker says when it joins. */
export const Hello = z.object({
  /** Where the farm can dial it; left out by a worker that speaks through a pipe. */
  inbox: word.optional(),
  pid: z.number().int(),
  tasks: z.array(TaskSign).max(4_096),
  encodings: z.array(word).max(16),
  /** What the worker has that tasks may ask for. */
  tags: z.array(word).max(64).optional(),
  /** How many tasks it runs at once, if not as many as the farm says. */
  slots: z.number().int().min(1).max(10_000).optional(),
  /** The machine that it is on. */
  host: z.string().max(255).optional(),
  /** Where somebody listens who can end it, though it does not respond itself. */
  control: word.optional(),
  /** The public key of its certificate, in Z85, with which its inbox and its control address are to be dialled. */
  key: z.string().length(40).optional(),
})
export type Hello = z.output<typeof Hello>

/** What a timer has room for; it would run at once for more. */
const MOST_MS = 2 ** 31 - 1

/** What the farm answers. */
export const Welcome = z.object({
  encoding: z.enum(BODY_ENCODINGS),
  heartbeatMs: z.number().positive().max(MOST_MS),
  /** What the farm calls the worker. */
  id: z.string(),
  /** How long either may be silent before the other doubts it, in ms. */
  livenessMs: z.number().positive().max(MOST_MS),
  /** How many tasks shall run at once. */
  concurrency: z.number().int().positive(),
  /** How long a task may go on after it was cancelled, in ms. */
  graceMs: z.number().nonnegative().max(MOST_MS),
  /** The farm hangs up on who sends it a larger part of a message. */
  maxMessageBytes: z.number().positive().optional(),
  /** A secret that every further frame of the worker says. */
  token: z.string().max(64),
})
export type Welcome = z.output<typeof Welcome>

export const Refused = z.object({ code: z.string(), message: z.string() })

/** Tasks of one name and one limit, in order. Tickets count on through the groups of a frame. */
export interface TaskGroup {
  readonly name: string
  /** How long one try may run, in ms; 0 for ever. */
  readonly timeoutMs: number
  /** Which try each is, or null where all are the first. */
  readonly attempts: readonly number[] | null
  readonly inputs: readonly unknown[]
  /** How many parts each may send at first; left out if none are wanted. */
  readonly parts?: number | undefined
  /** Whether their progress is wanted. */
  readonly progress?: boolean | undefined
}

/** TASKS: the ticket of the first task; the others follow it by one each. A ticket names one try of one task. */
export interface TasksBody {
  readonly firstTicket: number
  readonly groups: readonly TaskGroup[]
}

/** RESULTS: outputs by runs of consecutive tickets, failures by ticket, and how long the worker was busy for them. */
export interface ResultsBody {
  readonly outputs: readonly (readonly [firstTicket: number, values: readonly unknown[]])[]
  readonly failures: readonly (readonly [ticket: number, failure: Failure])[]
  /** Milliseconds in which at least one task ran since the last RESULTS. */
  readonly busyMs: number
  /** How long tries ran that have ended, by how many of their like each stands for; left out if none was measured. */
  readonly runMs?: readonly (readonly [weight: number, times: readonly number[]])[] | undefined
}

/** UPDATE: what running tasks say before their end: parts, in order, and the newest progress. */
export interface UpdateBody {
  readonly parts: readonly (readonly [ticket: number, values: readonly unknown[]])[]
  readonly progress: readonly (readonly [ticket: number, progress: Progress])[]
}

/** CREDIT: up to which part, counted from 1, tries may go. */
export interface CreditBody {
  readonly allowed: readonly (readonly [ticket: number, upTo: number])[]
}

/** CANCEL: the tickets whose tries are not wanted any more. */
export interface CancelBody {
  readonly tickets: readonly number[]
}

const HeaderShape = z.tuple([
  z.number().int().positive(),
  z.enum(FRAME_KINDS),
  z.string().max(64),
  z.string().max(64),
  z.number().int().nonnegative(),
  z.number().int().nonnegative(),
  z.string().max(64).optional(),
])
const isPlainField = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
const ErrorShape: z.ZodType<ErrorData> = z.lazy(() =>
  z.object({
    name: z.string(),
    message: z.string(),
    stack: z.string().optional(),
    code: z.string().optional(),
    retryable: z.boolean().optional(),
    fields: recordOf(isPlainField).optional(),
    cause: ErrorShape.optional(),
  }),
)
const FailureShape = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('thrown'), error: ErrorShape }),
  z.object({ kind: z.literal('timeout'), timeoutMs: z.number(), stuck: z.boolean() }),
  z.object({ kind: z.literal('input'), why: z.string() }),
  z.object({ kind: z.literal('output'), why: z.string() }),
  z.object({ kind: z.literal('cancelled') }),
])
const Ticket = z.number().int().positive()
// The values inside are the schemas' of the task to check: walking them here would cost a second pass.
const Values = z.unknown().transform((list, context): unknown[] => {
  const values = fromRows(list)
  if (values !== undefined) return values
  context.addIssue('must be a list')
  return z.NEVER
})
const BodyShape = {
  HELLO: Hello,
  WELCOME: Welcome,
  REFUSED: Refused,
  TASKS: z.object({
    firstTicket: Ticket,
    groups: listOf(
      z.object({
        name: z.string(),
        timeoutMs: z.number().nonnegative(),
        attempts: listOf(z.number().int().positive()).nullable(),
        inputs: Values,
        parts: z.number().int().nonnegative().optional(),
        progress: z.boolean().optional(),
      }),
    ),
  }),
  CANCEL: z.object({ tickets: listOf(Ticket) }),
  CREDIT: z.object({ allowed: listOf(z.tuple([Ticket, z.number().int().positive()])) }),
  UPDATE: z.object({
    parts: listOf(z.tuple([Ticket, Values])),
    progress: listOf(z.tuple([Ticket, ProgressShape])),
  }),
  RESULTS: z.object({
    outputs: listOf(z.tuple([Ticket, Values])),
    failures: listOf(z.tuple([Ticket, FailureShape])),
    busyMs: z.number().nonnegative(),
    runMs: listOf(z.tuple([z.number().int().positive(), listOf(z.number().nonnegative())])).optional(),
  }),
  BEAT: z.object({ memoryMiB: z.number().nonnegative().optional() }).nullable(),
  BYE: z.object({}),
  KILL: z.object({ why: z.string() }),
} satisfies Record<FrameKind, z.ZodType>
type BodyOf<Kind extends FrameKind> = z.output<(typeof BodyShape)[Kind]>

// A small binary value must not keep the whole body alive for as long as somebody has it, so it is copied.
const strict = (records: boolean) => new StrictMsgpack({ records, copiesBinaries: true, place: PLACE })
const plain = { packr: new StrictPackr({ useRecords: false }), strict: strict(false) }
// Record definitions stand in each body, so every body can be read alone.
const records = { packr: new StrictPackr({ useRecords: true }), strict: strict(true) }
const codecs = { msgpack: plain, records } satisfies Record<BodyEncoding, typeof plain>

export function encodeHeader({ kind, run, incarnation, sequence, acknowledged, token }: Heading): Uint8Array {
  const header: unknown[] = [WIRE_VERSION, kind, run, incarnation, sequence, acknowledged]
  if (token !== undefined) header.push(token)
  return plain.packr.pack(header)
}

/** The header of a message, or undefined for what is not a frame. */
export function decodeHeader(parts: readonly Uint8Array[]): Header | undefined {
  if (parts.length < 2 || parts.length > 2 + MAX_BINARIES) return undefined
  const parsed = HeaderShape.safeParse(unpackHeader(parts[0]!))
  if (!parsed.success) return undefined
  const [version, kind, run, incarnation, sequence, acknowledged, token] = parsed.data
  if (parts.length > 2 && !HAVE_BINARIES.has(kind)) return undefined
  return { version, kind, run, incarnation, sequence, acknowledged, token }
}

/** A list of inputs or outputs as a body of an encoding has it. */
export const listFor = (values: readonly unknown[], encoding: BodyEncoding): List =>
  encoding === 'records' ? toRows(values) : values

/** A body alone, binary values and all. @throws what the encoder throws for a value that cannot be encoded */
export function encodeBody(body: unknown, encoding: BodyEncoding): Uint8Array {
  const { packr, strict } = codecs[encoding]
  return strict.check(packr.pack(body))
}

/** The parts of a body: itself and its large binary values, which are not copied. @throws what {@link encodeBody} throws */
export function encodeParts(body: unknown, encoding: BodyEncoding): BodyParts {
  const { packr, strict } = codecs[encoding]
  const parts = packApart(packr, body)
  strict.check(parts[0])
  return parts
}

/** Tries to encode a value that is to stand in a body, where it is at most so deep. @throws what {@link encodeBody} throws */
export function tryValue(value: unknown, encoding: BodyEncoding): void {
  encodeParts([[[[[[value]]]]]], encoding)
}

/** The body of a frame of a kind, or undefined for what is not one. */
export const decodeBody = <Kind extends FrameKind>(
  kind: Kind,
  part: Uint8Array,
  encoding: BodyEncoding,
): BodyOf<Kind> | undefined => decodeParts(kind, [part], encoding)

/** The body of a frame of a kind from its parts, or undefined for what is not one. */
export function decodeParts<Kind extends FrameKind>(
  kind: Kind,
  [part, ...binaries]: readonly Uint8Array[],
  encoding: BodyEncoding,
): BodyOf<Kind> | undefined {
  try {
    const body = unpackWith(binaries, () => codecs[encoding].strict.decode(asBuffer(part!)))
    limitRows()
    const parsed = BodyShape[kind].safeParse(body)
    return parsed.success ? (parsed.data as BodyOf<Kind>) : undefined
  } catch {
    return undefined
  }
}

/** How many bytes a body has, with its binary values. */
export function sizeOf(parts: BodyParts): number {
  let bytes = 0
  for (const { byteLength } of parts) bytes += byteLength
  return bytes
}

function unpackHeader(bytes: Uint8Array): unknown {
  try {
    return plain.strict.decode(bytes)
  } catch {
    return undefined
  }
}
