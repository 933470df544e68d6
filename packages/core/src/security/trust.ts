/**
 * Whose key is trusted, in the ways that it can be said.
 */
import { stat } from 'node:fs/promises'
import { z } from 'zod'
import type { Logger } from '../log.js'
import { systemReason } from '../system-reason.js'
import { Certificate } from './certificate.js'
import { CertificateError, nothingAt } from './certificate-error.js'
import { CertificateStore } from './certificate-store.js'

/** Anyone's, which says nothing of who it is: what is sent is encrypted and goes to anyone who asks. */
export const ANYONE = 'anyone'

/**
 * A certificate, several, a store of them, the path of a folder that is a store or of one file, or `anyone`.
 */
export const Trust = z.custom<Trust>(
  (value) =>
    (typeof value === 'string' && value !== '') ||
    value instanceof Certificate ||
    value instanceof CertificateStore ||
    (Array.isArray(value) && value.length > 0 && value.every((one) => one instanceof Certificate)),
  'must be a certificate, several, a CertificateStore, the path of a folder or file, or "anyone"',
)
export type Trust = string | Certificate | readonly Certificate[] | CertificateStore

/**
 * What is trusted, ready to be asked; undefined for anyone.
 * @throws {CertificateError} `CERTIFICATE_UNREADABLE`
 */
export async function openTrust(trust: Trust, log?: Logger): Promise<CertificateStore | undefined> {
  if (trust === ANYONE) return undefined
  if (trust instanceof CertificateStore) return trust
  if (trust instanceof Certificate) return CertificateStore.of(trust)
  if (typeof trust !== 'string') return CertificateStore.of(...trust)
  const there = await stat(trust).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') throw nothingAt(trust, 'file or folder')
    throw new CertificateError(trust, systemReason(cause), cause)
  })
  if (there.isDirectory()) return CertificateStore.open(trust, log === undefined ? {} : { log })
  return CertificateStore.of(await Certificate.loadPublic(trust))
}
