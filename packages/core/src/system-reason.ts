import { getSystemErrorMap } from 'node:util'

/** What the system says is wrong, in words: without its code, the call and the path. */
export function systemReason(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException
  return (errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1]) ?? message
}
