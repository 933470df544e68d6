/**
 * What operations that can be out of order resolve with: as `outOfOrder: 'throw'` says, or the value for it.
 */
import type { Received } from '@troupe/core'

type Throws = { outOfOrder: 'throw' }

export type SendOutcome<Options> = Options extends Throws ? 'sent' : 'sent' | 'ignored'

export type ReceiveOutcome<Options> = Options extends Throws ? Received<Options> : Received<Options> | undefined
