/**
 * The keys of CURVE (RFC 26): X25519, as Node's crypto has it.
 */
import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { decodeZ85, encodeZ85 } from './z85.js'

/** What stands before the 32 bytes of an X25519 key in DER (RFC 8410). */
const SECRET_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex')
const PUBLIC_PREFIX = Buffer.from('302a300506032b656e032100', 'hex')

export const KEY_BYTES = 32

/** The bytes of a key in Z85, or undefined where the text is none. */
export function keyBytes(text: string): Buffer | undefined {
  const bytes = decodeZ85(text)
  return bytes?.length === KEY_BYTES ? bytes : undefined
}

export function newKeys(): { publicKey: string; secretKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync('x25519')
  const bytesOf = (der: Buffer) => encodeZ85(der.subarray(-KEY_BYTES))
  return {
    publicKey: bytesOf(publicKey.export({ format: 'der', type: 'spki' })),
    secretKey: bytesOf(privateKey.export({ format: 'der', type: 'pkcs8' })),
  }
}

export function publicKeyOf(secretKey: Uint8Array): string {
  const der = createPublicKey(privateKey(secretKey)).export({ format: 'der', type: 'spki' })
  return encodeZ85(der.subarray(-KEY_BYTES))
}

/**
 * What the holders of two secret keys alone can know: X25519 of one's secret and the other's public key.
 * @throws for a public key of small order, with which it would be known to all
 */
export const sharedSecret = (secretKey: Uint8Array, publicKey: Uint8Array): Buffer =>
  diffieHellman({ privateKey: privateKey(secretKey), publicKey: publicKeyObject(publicKey) })

const privateKey = (bytes: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.concat([SECRET_PREFIX, bytes]), format: 'der', type: 'pkcs8' })

const publicKeyObject = (bytes: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([PUBLIC_PREFIX, bytes]), format: 'der', type: 'spki' })
