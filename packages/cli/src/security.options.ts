/**
 * The options `--cert` and `--trust`, which are the same for all commands that serve or connect.
 */
import { type CurveSecurity, InvalidOptionsError } from '@troupe/core'
import { z } from 'zod'

const path = z.string().min(1)

export const SecurityShape = {
  /** The file of its own certificate. */
  cert: path.exactOptional(),
  /** The file or folder of those that it trusts. */
  trust: path.exactOptional(),
}

interface Given {
  readonly cert?: string | undefined
  readonly trust?: string | undefined
}

/**
 * What the two say of security; nothing where neither is given. Who connects may have no certificate.
 * @throws {InvalidOptionsError} `INVALID_OPTIONS` for one without the other
 */
export function securityOf({ cert, trust }: Given, what: string, end: 'listens' | 'connects'): Secured {
  if (cert === undefined && trust === undefined) return {}
  if (trust === undefined) throw wrong(what, 'trust', 'is wanted with --cert: whose keys are trusted')
  if (cert === undefined && end === 'listens')
    throw wrong(what, 'cert', 'is wanted with --trust: who connects must know its key')
  return { security: { trust, ...(cert !== undefined && { certificate: cert }) } }
}

export interface Secured {
  readonly security?: CurveSecurity
}

const wrong = (what: string, option: string, message: string) =>
  new InvalidOptionsError(what, [{ path: option, message }])
