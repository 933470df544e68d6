/**
 * The frames of RPC, as docs/wire/rpc.md describes them: a sequence number and items. Each is checked before it is believed.
 */
import type { Identity } from '@troupe/core'
import { assertJsonLimits, parseJson, StrictMsgpack } from '@troupe/core/strict'
import type { Packr } from 'msgpackr'
import { z } from 'zod'
import { recordOf } from '../actor/list-of.js'
import { StrictPackr } from '../actor/strict-packr.js'
import type { Challenge } from './identity.js'

/** The version of the wire. A HELLO of another version is answered with BYE. */
export const WIRE_VERSION = 1

export const HELLO = 1
export const WELCOME = 2
export const CREDIT = 3
export const CALL = 4
export const REPLY = 5
export const ERROR = 6
export const ITEM = 7
export const END = 8
export const CANCEL = 9
export const PING = 10
export const PONG = 11
export const DRAIN = 12
export const BYE = 13
export const CHALLENGE = 14
export const PROOF = 15
/** Only between a service and its own workers: nothing of a call that was cancelled runs any more. */
export const RELEASED = 64

/** An item: its kind, and its elements. */
export type Item = readonly [kind: number, ...elements: unknown[]]

export interface Frame {
  readonly sequence: number
  readonly items: readonly Item[]
}

export type Encoding = 'msgpack' | 'json'

export interface WireError {
  readonly code: string
  readonly message: string
  readonly retryable: boolean
  /** The call has certainly not begun to run. */
  readonly notRun: boolean
  readonly kind?: string | undefined
  readonly data?: unknown
}

export type Metadata = Readonly<Record<string, string>>

export interface CallHead {
  readonly metadata?: Metadata | undefined
  readonly credit?: number | undefined
  readonly peer?: string | undefined
  readonly identity?: Identity | undefined
}

export interface WelcomeOptions {
  readonly service: string
  readonly contractVersion: string | null
  readonly instance: string
  readonly heartbeatMs: number
  readonly livenessMs: number
  readonly window: number
  readonly maxMessageBytes: number
}

const name = z.string().max(256)
/** What a timer has room for; it would run at once for more. */
const MOST_MS = 2 ** 31 - 1
const ms = z.number().positive()
const bytes = z.number().int().positive()
const counter = z.number().int().positive().max(Number.MAX_SAFE_INTEGER)

const HelloShape = z.tuple([
  z.literal(HELLO),
  z.number(),
  name.nullish(),
  name.nullish(),
  z.object({ maxMessageBytes: bytes.nullish(), publicKey: name.nullish() }).nullish(),
])
const WelcomeShape = z.tuple([
  z.literal(WELCOME),
  z.number(),
  z.object({
    service: name,
    contractVersion: name.nullable(),
    instance: name,
    heartbeatMs: ms.max(MOST_MS),
    livenessMs: ms,
    window: counter,
    maxMessageBytes: bytes,
  }),
])
const ErrorShape = z.object({
  code: name,
  message: z.string().nullish(),
  retryable: z.boolean().nullish(),
  notRun: z.boolean().nullish(),
  kind: name.nullish(),
  data: z.unknown().optional(),
})
const HeadShape = z.object({
  metadata: recordOf((value) => typeof value === 'string').nullish(),
  credit: z.number().int().nonnegative().nullish(),
  peer: z.string().nullish(),
  identity: z.unknown().optional(),
})
const hex = z.string().regex(/^(?:[0-9a-f]{2}){1,255}$/)
const ChallengeShape = z.tuple([z.literal(CHALLENGE), hex, hex, name])
const ProofShape = z.tuple([z.literal(PROOF), hex])

// As in JSON, a property without a value is left out, and null elsewhere: other languages have no undefined.
const packr = new StrictPackr({
  ...{ useRecords: false, skipValues: [undefined], encodeUndefinedAsNil: true },
} as ConstructorParameters<typeof Packr>[0])
// What other languages write in 64 bits is a number as far as JavaScript has it, and a bigint beyond.
const TERMS = { undefineds: false, integersAreNumbers: true }
const strict = new StrictMsgpack(TERMS)
/** A small binary value of one item must not keep the others alive. */
const copying = new StrictMsgpack({ ...TERMS, copiesBinaries: true })

const OPEN_BRACKET = 0x5b
/** The first byte of a list of two in msgpack: a frame of one item. */
const LIST_OF_TWO = 0x92

const asText = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString()

/** A frame as bytes, which no other frame overwrites. @throws what the encoder throws for a value that cannot be encoded */
export function encodeFrame(sequence: number, items: readonly Item[], encoding: Encoding): Buffer {
  const frame = [sequence, ...items]
  if (encoding === 'msgpack') return strict.check(packr.pack(frame))
  const text = jsonOf(frame)
  assertJsonLimits(text)
  return Buffer.from(text)
}

/** A frame, or undefined for what is none. Its items may still not be what their kind says. */
export function decodeFrame(part: Uint8Array): Frame | undefined {
  const encoding = encodingOf(part)
  let frame: unknown
  try {
    if (encoding === 'json') frame = parseJson(asText(part))
    else frame = (part[0] === LIST_OF_TWO ? strict : copying).decode(part)
  } catch {
    return undefined
  }
  if (!Array.isArray(frame) || frame.length < 2) return undefined
  const [sequence, ...items] = frame as unknown[]
  if (!isCounter(sequence) || !items.every(isItem)) return undefined
  return { sequence, items }
}

/** The encoding of what a peer has sent, a frame or not. */
export const encodingOf = (part: Uint8Array): Encoding => (part[0] === OPEN_BRACKET ? 'json' : 'msgpack')

export const isCounter = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0

/** What a PING may carry. */
export const isToken = (value: unknown): value is number | string =>
  typeof value === 'number' || typeof value === 'string'

const isItem = (item: unknown): item is Item => Array.isArray(item) && typeof item[0] === 'number'

export interface Hello {
  readonly version: number
  readonly service: string | undefined
  readonly contractVersion: string | undefined
  readonly maxMessageBytes: number
  /** The key that it will prove, in Z85. */
  readonly publicKey: string | undefined
}

const ANY_HELLO = {
  ...{ service: undefined, contractVersion: undefined, publicKey: undefined },
  maxMessageBytes: Number.POSITIVE_INFINITY,
}

export function readHello(item: Item): Hello | undefined {
  const [, said] = item
  // What else another version says is not known here.
  if (typeof said === 'number' && said !== WIRE_VERSION) return { ...ANY_HELLO, version: said }
  const parsed = HelloShape.safeParse(padded(item, 5))
  if (!parsed.success) return undefined
  const [, version, service, contractVersion, options] = parsed.data
  return {
    version,
    service: service ?? undefined,
    contractVersion: contractVersion ?? undefined,
    maxMessageBytes: options?.maxMessageBytes ?? Number.POSITIVE_INFINITY,
    publicKey: options?.publicKey ?? undefined,
  }
}

export function readWelcome(item: Item): WelcomeOptions | undefined {
  const parsed = WelcomeShape.safeParse(padded(item, 3))
  return parsed.success ? parsed.data[2] : undefined
}

export function readChallenge(item: Item): Challenge | undefined {
  const parsed = ChallengeShape.safeParse(padded(item, 4))
  if (!parsed.success) return undefined
  const [, nonce, routingId, service] = parsed.data
  return { nonce, routingId, service }
}

export function readProof(item: Item): string | undefined {
  const parsed = ProofShape.safeParse(padded(item, 2))
  return parsed.success ? parsed.data[1] : undefined
}

export function readError(value: unknown): WireError | undefined {
  const parsed = ErrorShape.safeParse(value)
  if (!parsed.success) return undefined
  const { code, message, retryable, notRun, kind, data } = parsed.data
  return {
    code,
    message: message ?? '',
    retryable: retryable ?? false,
    notRun: notRun ?? false,
    kind: kind ?? undefined,
    data,
  }
}

/** An item with a value at its end, which is left out where there is none. */
export const itemWith = (kind: number, id: number, value: unknown): Item =>
  value === undefined ? [kind, id] : [kind, id, value]

export interface CallItem {
  readonly id: number
  readonly procedure: string
  readonly leftMs: number | undefined
  readonly metadata: Metadata | undefined
  readonly credit: number
  readonly input: unknown
  /** Only between a service and its own workers: who calls. */
  readonly peer: string | undefined
  readonly identity: unknown
}

/** A call, or undefined for what is none. This is the path of the message: no schema but for what is rare. */
export function readCall([, id, procedure, leftMs, options, input]: Item): CallItem | undefined {
  if (!isCounter(id) || typeof procedure !== 'string' || procedure.length > 256) return undefined
  if (!(leftMs === undefined || leftMs === null || (typeof leftMs === 'number' && leftMs < 2 ** 53))) return undefined
  const left = leftMs ?? undefined
  if (options === undefined || options === null) {
    return { id, procedure, leftMs: left, metadata: undefined, credit: 0, input, peer: undefined, identity: undefined }
  }
  const head = HeadShape.safeParse(options)
  if (!head.success) return undefined
  const metadata = head.data.metadata ?? undefined
  const { credit, identity } = head.data
  const peer = head.data.peer ?? undefined
  return { id, procedure, leftMs: left, metadata, credit: credit ?? 0, input, peer, identity }
}

/** Elements that are not said, as undefined; those beyond what is known are dropped. */
const padded = (item: Item, length: number): unknown[] => Array.from({ length }, (_, index) => item[index])

function jsonOf(frame: unknown): string {
  return JSON.stringify(frame, function (this: Record<string, unknown>, key, value: unknown) {
    if (typeof value === 'function' || typeof value === 'symbol') throw new TypeError(`JSON has no ${typeof value}`)
    // A Buffer has made an object of itself by then.
    if (this[key] instanceof Uint8Array) throw new TypeError('JSON has no bytes')
    return value
  })
}
