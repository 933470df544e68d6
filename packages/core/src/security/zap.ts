/**
 * ZAP (RFC 27), as functions: what libzmq asks about who wants to connect, and what it is answered.
 */
import { encodeZ85 } from './z85.js'

const VERSION = '1.0'
const NO_VERSION = '0.0'
/** The longest string of ZAP, and the longest name of a property in ZMTP's metadata. */
const MAX_TEXT_BYTES = 255
/** Names of properties by RFC 23. */
const PROPERTY = /^[A-Za-z0-9\-_.+]{1,255}$/
/** What libzmq takes for its own: with these a certificate's author could break the handshake, or name the peer. */
const RESERVED = new Set(['socket-type', 'identity', 'routing-id', 'resource', 'user-id', 'peer-address'])

export type Mechanism = 'NULL' | 'PLAIN' | 'CURVE'

/** What a peer shows of itself, by mechanism. */
export type Credentials =
  | { readonly mechanism: 'NULL' }
  | { readonly mechanism: 'PLAIN'; readonly username: string; readonly password: string }
  | { readonly mechanism: 'CURVE'; readonly publicKey: string }

export interface ZapRequest {
  readonly id: Uint8Array
  readonly domain: string
  /** Of tcp: an IP address. Of ipc on Linux: `localhost:UID:GID:PID`, else empty. */
  readonly address: string
  readonly credentials: Credentials
}

/** 200: may connect; 300: not now, so come again; 400: may not; 500: the request makes no sense. */
export interface ZapReply {
  readonly status: 200 | 300 | 400 | 500
  readonly text: string
  /** With 200 alone. */
  readonly userId?: string
  readonly metadata?: Readonly<Record<string, string>>
}

/** A request, or why it is none, with which id that is said, and to whose domain it was. */
export type ZapParsed = ZapRequest | { readonly id: Uint8Array; readonly domain: string; readonly wrong: string }

/** Takes the envelope of a request off: all up to the empty delimiter, of as many hops as there were. Undefined without one. */
export function openEnvelope(frames: readonly Buffer[]): { envelope: Buffer[]; asked: Buffer[] } | undefined {
  const delimiter = frames.findIndex((frame, index) => index > 0 && frame.length === 0)
  if (delimiter < 0) return undefined
  return { envelope: frames.slice(0, delimiter + 1), asked: frames.slice(delimiter + 1) }
}

/** @param frames without the envelope of the requester */
export function parseZapRequest(frames: readonly Uint8Array[]): ZapParsed {
  const [version, id = new Uint8Array(), of, address, , mechanism, ...shown] = frames
  const domain = of === undefined || of.length > MAX_TEXT_BYTES ? '' : text(of)
  const wrong = (why: string) => ({ id, domain, wrong: why })
  if (mechanism === undefined) return wrong(`it has ${frames.length} frames`)
  // The id alone is whatever the requester likes.
  const long = frames.find((frame, index) => index !== 1 && frame.length > MAX_TEXT_BYTES)
  if (long !== undefined) return wrong(`it has a frame of ${long.length} bytes`)
  if (text(version!) !== VERSION) return wrong(`its version is ${JSON.stringify(text(version!))}`)
  const credentials = credentialsOf(text(mechanism), shown)
  if (credentials === undefined) {
    return wrong(`it has ${shown.length} frames of credentials for ${JSON.stringify(text(mechanism))}, or wrong ones`)
  }
  return { id, domain, address: text(address!), credentials }
}

/** The frames of a reply. What is refused has no user id (RFC 27). */
export function encodeZapReply(
  id: Uint8Array,
  { status, text: why, userId, metadata }: ZapReply,
): (Uint8Array | string)[] {
  const accepted = status === 200
  return [
    // libzmq keeps the connection of whom it is told 300, and says nothing to him. When the answer is none it ends it, and he connects again.
    status === 300 ? NO_VERSION : VERSION,
    id,
    String(status),
    // Strings of ZAP are ASCII.
    why.replace(/[^ -~]/g, '?').slice(0, MAX_TEXT_BYTES),
    accepted ? (userId ?? '') : '',
    accepted ? encodeMetadata(metadata ?? {}) : '',
  ]
}

function credentialsOf(mechanism: string, shown: readonly Uint8Array[]): Credentials | undefined {
  const [first, second] = shown
  if (mechanism === 'NULL' && shown.length === 0) return { mechanism }
  if (mechanism === 'PLAIN' && second !== undefined && shown.length === 2) {
    return { mechanism, username: text(first!), password: text(second) }
  }
  if (mechanism === 'CURVE' && first?.length === 32 && shown.length === 1)
    return { mechanism, publicKey: encodeZ85(first) }
  return undefined
}

/** The properties of ZMTP 3 (RFC 23): a byte of length and a name, four bytes of length and a value. */
function encodeMetadata(metadata: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(
    Object.entries(metadata)
      .filter(([name]) => PROPERTY.test(name) && !RESERVED.has(name.toLowerCase()))
      .flatMap(([name, value]) => {
        const head = Buffer.from(name)
        const body = Buffer.from(value)
        const size = Buffer.alloc(4)
        size.writeUInt32BE(body.length)
        return [Buffer.from([head.length]), head, size, body]
      }),
  )
}

const text = (frame: Uint8Array): string => Buffer.from(frame.buffer, frame.byteOffset, frame.length).toString('utf8')
