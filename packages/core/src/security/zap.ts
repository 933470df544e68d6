/**
 * ZAP (RFC 27), as functions: what libzmq asks about who wants to connect, and what it is answered.
 */
import { encodeZ85 } from './z85.js'

const VERSION = '1.0'
/** The longest name and value of a property in ZMTP's metadata. */
const MAX_NAME_BYTES = 255

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

/** 200: may connect; 300: not now; 400: may not; 500: the request makes no sense. */
export interface ZapReply {
  readonly status: 200 | 300 | 400 | 500
  readonly text: string
  /** With 200 alone. */
  readonly userId?: string
  readonly metadata?: Readonly<Record<string, string>>
}

/** A request, or why it is none and with which id that is said. */
export type ZapParsed = ZapRequest | { readonly id: Uint8Array; readonly wrong: string }

/** @param frames without the envelope of the requester */
export function parseZapRequest(frames: readonly Uint8Array[]): ZapParsed {
  const [version, id = new Uint8Array(), domain, address, , mechanism, ...shown] = frames
  if (mechanism === undefined) return { id, wrong: `it has ${frames.length} frames` }
  if (text(version!) !== VERSION) return { id, wrong: `its version is ${JSON.stringify(text(version!))}` }
  const credentials = credentialsOf(text(mechanism), shown)
  if (credentials === undefined)
    return { id, wrong: `it has ${shown.length} credentials for ${JSON.stringify(text(mechanism))}` }
  return { id, domain: text(domain!), address: text(address!), credentials }
}

/** The frames of a reply. What is refused has no user id (RFC 27). */
export function encodeZapReply(
  id: Uint8Array,
  { status, text: why, userId, metadata }: ZapReply,
): (Uint8Array | string)[] {
  const accepted = status === 200
  return [
    VERSION,
    id,
    String(status),
    why.slice(0, MAX_NAME_BYTES),
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
    Object.entries(metadata).flatMap(([name, value]) => {
      const head = Buffer.from(name).subarray(0, MAX_NAME_BYTES)
      const body = Buffer.from(value)
      const size = Buffer.alloc(4)
      size.writeUInt32BE(body.length)
      return [Buffer.from([head.length]), head, size, body]
    }),
  )
}

const text = (frame: Uint8Array): string => Buffer.from(frame.buffer, frame.byteOffset, frame.length).toString('utf8')
