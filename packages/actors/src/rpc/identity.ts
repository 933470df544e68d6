/**
 * How a client proves to a service whose key it has, as functions: docs/wire/rpc.md, "Who calls".
 */
import { createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { type Certificate, type Identity, isSameSecret } from '@troupe/core'
import { z } from 'zod'

/** What a service asks a client to prove its key over. Text, for JSON has no bytes. */
export interface Challenge {
  /** Random, 32 bytes in hex. */
  readonly nonce: string
  /** That of the client as the service sees it, in hex. */
  readonly routingId: string
  readonly service: string
}

/** The public keys of both ends, in Z85. */
export interface BothKeys {
  readonly client: string
  readonly server: string
}

const LABEL = 'troupe rpc identity 1'
const BYTES = 32

export const newChallenge = (routingId: string, service: string): Challenge => ({
  nonce: randomBytes(BYTES).toString('hex'),
  routingId,
  service,
})

/**
 * What only the holder of the secret key of one of the two can know, in hex.
 * @throws {TroupeError} `INVALID_OPTIONS` for a key with which no secret can be shared
 */
export function proofOf({ nonce, routingId, service }: Challenge, mine: Certificate, keys: BothKeys): string {
  const secret = mine.sharedSecret(mine.publicKey === keys.client ? keys.server : keys.client)
  const key = Buffer.from(hkdfSync('sha256', secret, '', LABEL, BYTES))
  const said = [nonce, routingId, service, keys.client, keys.server].join('\n')
  return createHmac('sha256', key).update(said).digest('hex')
}

export const isEqualProof = (proof: string, wanted: string): boolean => isSameSecret(proof, Buffer.from(wanted))

const IdentityShape = z.object({ publicKey: z.string(), metadata: z.record(z.string(), z.string()) })

/** What a service has told its worker of who calls. */
export function readIdentity(value: unknown): Identity | undefined {
  if (value === undefined || value === null) return undefined
  const parsed = IdentityShape.safeParse(value)
  return parsed.success ? Object.freeze({ ...parsed.data, metadata: Object.freeze(parsed.data.metadata) }) : undefined
}
