/**
 * How a client begins a session: HELLO, and when it is asked for that, the proof of the key that it has named.
 */
import { ANY_SERVICE, type Contract } from '../contract.js'
import { CHALLENGE, HELLO, type Item, PROOF, readChallenge, WIRE_VERSION } from '../wire.js'
import type { Credentials } from './credentials.js'

export class Greeting {
  readonly #contract: Contract
  readonly #credentials: Credentials | undefined
  #isProven = false

  constructor(contract: Contract, credentials: Credentials | undefined) {
    this.#contract = contract
    this.#credentials = credentials
  }

  hello(maxMessageBytes: number): Item {
    const { name, version } = this.#contract
    const options = { maxMessageBytes, publicKey: this.#credentials?.publicKey }
    return [HELLO, WIRE_VERSION, name === ANY_SERVICE ? null : name, version ?? null, options]
  }

  /** The proof that an item asks for: once, and by the service that is meant. Else what of the item is not of docs/wire/rpc.md. */
  proof(item: Item): Item | string {
    if (item[0] !== CHALLENGE) return 'what came first is not WELCOME'
    const challenge = readChallenge(item)
    if (challenge === undefined || this.#credentials === undefined || this.#isProven) {
      return 'what came is no CHALLENGE, or one too many'
    }
    const { name } = this.#contract
    if (name !== ANY_SERVICE && name !== challenge.service) return 'its CHALLENGE is that of another service'
    this.#isProven = true
    return [PROOF, this.#credentials.prove(challenge)]
  }
}
