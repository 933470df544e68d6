/**
 * The strict order of requests and replies (28/REQREP): a request sends, then receives; a reply receives, then sends. An
 * operation is judged when it is called, so that a receive may follow a send that is not yet taken.
 */

/** Where a socket stands. Both kinds go the same round: they only begin at other ends of it. */
export interface Turn {
  /** How many sends were called that are neither taken nor given up: more than one only with `relaxed`. */
  readonly sending: number
  /** Whether a message of the peer is due: the reply to what was sent, or the next request. */
  readonly awaiting: boolean
  /** Whether a receive waits. */
  readonly receiving: boolean
  /** Whether the socket is taken by reliable requests, which send and receive by themselves. */
  readonly requesting: boolean
}

/** What is called (`send`, `receive`, `request`) and what comes of it. */
export type Step = 'send' | 'sent' | 'unsent' | 'receive' | 'received' | 'unreceived' | 'request' | 'requested'

export const FIRST_TURNS = {
  request: { sending: 0, awaiting: false, receiving: false, requesting: false },
  reply: { sending: 0, awaiting: true, receiving: false, requesting: false },
} as const satisfies Record<string, Turn>

/** Whose order it is. */
export type OrderedKind = keyof typeof FIRST_TURNS

/**
 * The turn after a step; undefined if that is out of order. What is rejected (`unsent`, `unreceived`) leaves the turn
 * where it was. `relaxed`: a request may be sent while the reply to the last is due.
 */
export function turnAfter(turn: Turn, step: Step, relaxed = false): Turn | undefined {
  const { sending, awaiting, receiving, requesting } = turn
  const begun = sending > 0 || awaiting
  switch (step) {
    case 'send':
      return requesting || (begun && !relaxed) ? undefined : { ...turn, sending: sending + 1 }
    case 'sent':
      return { ...turn, sending: sending - 1, awaiting: true }
    case 'unsent':
      return { ...turn, sending: sending - 1 }
    case 'receive':
      return requesting || receiving || !begun ? undefined : { ...turn, receiving: true }
    case 'received':
      return { ...turn, awaiting: false, receiving: false }
    case 'unreceived':
      return { ...turn, receiving: false }
    case 'request':
      return requesting || receiving || begun ? undefined : { ...turn, requesting: true }
    case 'requested':
      return { ...turn, requesting: false }
  }
}

/** Why a call is out of order. */
export function whyNot(kind: OrderedKind, step: 'send' | 'receive' | 'request', turn: Turn): string {
  if (turn.requesting) return 'it is making reliable requests'
  if (step === 'receive' && turn.receiving) return 'another receive waits'
  if (kind === 'reply') {
    return step === 'send' ? 'there is no request to answer' : 'the last request is not answered'
  }
  return step === 'receive' ? 'no request was sent' : 'the reply to the last request is not received'
}
