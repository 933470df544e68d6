/**
 * A peer of a service that says whatever it is told to, in JSON; and how a key is proven, as docs/wire/rpc.md has it.
 */
import { createHmac, hkdfSync } from 'node:crypto'
import type { Certificate } from '@troupe/core'
import { ZMQDealer } from '@troupe/dealer-router'
import { closing } from './open-service.js'

export const [HELLO, WELCOME, CALL, REPLY, ERROR, ITEM, CANCEL, BYE, CHALLENGE, PROOF] = [
  1, 2, 4, 5, 6, 7, 9, 13, 14, 15,
]

type Item = readonly unknown[]
export type ChallengeItem = readonly [kind: 14, nonce: string, routingId: string, service: string]

export class RawPeer {
  readonly #dealer: ZMQDealer<{ codec: 'frames' }>
  #sequence = 0

  constructor(endpoint: string, security?: { certificate?: Certificate; trust: Certificate }) {
    this.#dealer = new ZMQDealer(endpoint, { codec: 'frames', lingerMs: 0, ...(security && { security }) })
  }

  /** Says items in one frame. */
  async say(...items: readonly Item[]): Promise<void> {
    await this.#dealer.send([Buffer.from(JSON.stringify([++this.#sequence, ...items]))])
  }

  /** The items of the next frame. */
  async hear(): Promise<Item[]> {
    const [frame] = await this.#dealer.receive()
    return (JSON.parse(String(frame)) as [number, ...Item[]]).slice(1) as Item[]
  }

  /** The code of the BYE that comes next. */
  async farewell(): Promise<string> {
    for (;;) {
      const bye = (await this.hear()).find(([kind]) => kind === BYE)
      if (bye !== undefined) return (bye[1] as { code: string }).code
    }
  }

  /** Begins a session that names a key, and is asked to prove it. */
  async challenged(publicKey: string): Promise<ChallengeItem> {
    await this.say([HELLO, 1, 'kitchen', '1', { publicKey }])
    const [challenge] = await this.hear()
    return challenge as unknown as ChallengeItem
  }

  /** Its next session on the same connection. */
  restart(): void {
    this.#sequence = 0
  }

  close(): Promise<void> {
    return this.#dealer.close()
  }
}

export const openPeer = (endpoint: string, security?: { certificate?: Certificate; trust: Certificate }) =>
  closing(new RawPeer(endpoint, security), (peer) => peer.close())

/** @param claimed the key that it shall be a proof of, if that is not its own */
export function proof(challenge: ChallengeItem, mine: Certificate, server: string, claimed = mine.publicKey): string {
  const key = hkdfSync('sha256', mine.sharedSecret(server), '', 'troupe rpc identity 1', 32)
  const [, nonce, routingId, service] = challenge
  const text = `${nonce}\n${routingId}\n${service}\n${claimed}\n${server}`
  return createHmac('sha256', Buffer.from(key)).update(text).digest('hex')
}
