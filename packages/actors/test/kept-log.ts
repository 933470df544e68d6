/**
 * A log that keeps its warnings.
 */
import type { Logger } from '@troupe/core'

type Facts = Readonly<Record<string, unknown>>

export interface KeptLog {
  readonly log: Logger
  readonly warnings: (readonly [facts: Facts, text: string])[]
}

export function keptLog(): KeptLog {
  const warnings: [Facts, string][] = []
  const nothing = () => undefined
  const log = {
    ...{ level: 'warn', trace: nothing, debug: nothing, info: nothing, error: nothing, fatal: nothing },
    warn: (facts: Facts, text: string) => void warnings.push([facts, text]),
    isLevelEnabled: () => true,
    child: () => log,
  }
  return { log: log as unknown as Logger, warnings }
}
