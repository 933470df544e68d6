/**
 * The option `security` of sockets: by which mechanism they talk, who they are and whom they trust.
 */
import { z } from 'zod'
import { ZMQAuthenticator } from './authenticator.js'
import { Certificate } from './certificate.js'
import { Trust } from './trust.js'

const certificate = z.custom<Certificate | string>(
  (value) => value instanceof Certificate || (typeof value === 'string' && value !== ''),
  'must be a Certificate or the path of its file',
)
const authenticator = z.custom<ZMQAuthenticator>(
  (value) => value instanceof ZMQAuthenticator,
  'must be a ZMQAuthenticator',
)

/** CURVE, with what whoever has it may trust, as errors say it. */
export const curveSecurity = (trusted: string) =>
  z.strictObject({
    /** Who this is: a certificate with its secret key, or the path of its file. Who only connects may leave it out, and has a new one. */
    certificate: certificate.optional(),
    /** Whose keys are trusted. Who connects trusts one: that of whom it connects to. */
    trust: z.union([Trust, authenticator], {
      error: ({ input }) => `${input === undefined ? 'is wanted, and' : ''} must be ${trusted}`.trim(),
    }),
  })

/** CURVE (RFC 26): encryption, and both know whom they talk to. The option of farms, workers, services and clients. */
export const CurveSecurity = curveSecurity(
  'a Certificate, several, a CertificateStore, the path of a file or folder, or, of who listens, a ZMQAuthenticator or "anyone"',
)
export type CurveSecurity = z.input<typeof CurveSecurity>

const Unencrypted = z.strictObject({ mechanism: z.enum(['plain', 'null']), trust: authenticator })
const PlainUser = z.strictObject({
  mechanism: z.literal('plain'),
  username: z.string().min(1).max(255),
  password: z.string().max(255),
})
const Any = z.union([CurveSecurity, Unencrypted, PlainUser])

/**
 * CURVE, or without encryption: `plain`, a name and a password in clear text (RFC 24), and `null`, by address alone (RFC 23).
 */
export const Security = z.custom<z.input<typeof Any>>().transform((given, context): z.output<typeof Any> => {
  const { success, data } = Any.safeParse(given)
  if (success) return data
  // What is wrong with all three helps nobody: of the one that is meant it is said.
  const issues = meantBy(given).safeParse(given).error?.issues ?? []
  for (const issue of issues) context.addIssue({ ...issue })
  return z.NEVER
})
export type Security = z.input<typeof Security>
export type CheckedSecurity = z.output<typeof Security>

function meantBy(given: unknown): z.ZodType {
  if (typeof given !== 'object' || given === null) return CurveSecurity
  if ('username' in given || 'password' in given) return PlainUser
  return 'mechanism' in given ? Unencrypted : CurveSecurity
}
