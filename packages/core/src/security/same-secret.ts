import { timingSafeEqual } from 'node:crypto'

/** Whether somebody says a secret, in a time that does not tell how much of it is right. */
export function isSameSecret(said: string | undefined, secret: Uint8Array): boolean {
  const bytes = Buffer.from(said ?? '')
  return bytes.length === secret.length && timingSafeEqual(bytes, secret)
}
