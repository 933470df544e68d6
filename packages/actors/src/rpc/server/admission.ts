/**
 * How a session begins: HELLO, and WELCOME; between them, of a client that says which key it has, the proof of that.
 */
import type { Identity } from '@troupe/core'
import type { Contract } from '../contract.js'
import { type Challenge, newChallenge } from '../identity.js'
import { wireError } from '../rpc-errors.js'
import { CHALLENGE, HELLO, type Hello, type Item, readHello, readProof, WIRE_VERSION, type WireError } from '../wire.js'
import type { Gate } from './gatekeeper.js'

export interface AdmissionTerms {
  readonly contract: Contract
  /** Of a secured service: checks proofs. */
  readonly gate: Gate | undefined
  readonly isDraining: boolean
  now(): number
}

export interface AdmissionPort {
  /** The routing id of the client, in hex. */
  readonly peerId: string
  say(item: Item): void
  /** What HELLO says counts from now on. */
  greeted(hello: Hello): void
  admitted(identity: Identity | undefined): void
  refused(error: WireError): void
}

type Stage =
  | { readonly name: 'new' | 'checking' | 'over' }
  | { readonly name: 'challenged'; readonly publicKey: string; readonly challenge: Challenge; readonly sinceMs: number }

export class Admission {
  readonly #terms: AdmissionTerms
  readonly #port: AdmissionPort
  #stage: Stage = { name: 'new' }

  constructor(terms: AdmissionTerms, port: AdmissionPort) {
    this.#terms = terms
    this.#port = port
  }

  /** Whether it has not said anything yet. */
  get isNew(): boolean {
    return this.#stage.name === 'new'
  }

  /** Whether the session is taken, or refused. */
  get isOver(): boolean {
    return this.#stage.name === 'over'
  }

  /** Whether its proof has not come for so long. */
  isLate(limitMs: number): boolean {
    return this.#stage.name === 'challenged' && this.#terms.now() - this.#stage.sinceMs >= limitMs
  }

  /** Takes a HELLO or a PROOF; returns what of it is not of docs/wire/rpc.md. */
  take(item: Item): string | undefined {
    return item[0] === HELLO ? this.#hello(readHello(item)) : void this.#proof(readProof(item))
  }

  #hello(hello: Hello | undefined): string | undefined {
    if (hello === undefined || this.#stage.name !== 'new') return 'what came is no HELLO, or another one'
    this.#port.greeted(hello)
    const error = this.#against(hello)
    if (error !== undefined) return void this.#refuse(error)
    const { gate, contract } = this.#terms
    const { publicKey } = hello
    if (gate === undefined || publicKey === undefined) return void this.#admit(undefined)
    const challenge = newChallenge(this.#port.peerId, contract.name)
    this.#stage = { name: 'challenged', publicKey, challenge, sinceMs: this.#terms.now() }
    const { nonce, routingId, service } = challenge
    this.#port.say([CHALLENGE, nonce, routingId, service])
    return undefined
  }

  #proof(proof: string | undefined): void {
    const stage = this.#stage
    if (stage.name !== 'challenged') return this.#deny('a proof came that nothing was asked for, or another one')
    if (proof === undefined) return this.#deny('its proof of its key cannot be read')
    this.#stage = { name: 'checking' }
    void this.#terms.gate!.identify(stage.publicKey, stage.challenge, proof).then((identity) => {
      // It may have ended meanwhile.
      if (this.#stage.name !== 'checking') return
      if (typeof identity === 'string') this.#deny(identity)
      else this.#admit(identity)
    })
  }

  /** Its session has ended: what is still being checked is no matter. */
  close(): void {
    this.#stage = { name: 'over' }
  }

  #admit(identity: Identity | undefined): void {
    if (this.#terms.isDraining) return this.#refuse(STOPPING)
    this.#stage = { name: 'over' }
    this.#port.admitted(identity)
  }

  #deny(why: string): void {
    this.#refuse(wireError('ACCESS_DENIED', why))
  }

  #refuse(error: WireError): void {
    this.#stage = { name: 'over' }
    this.#port.refused(error)
  }

  /** Why who says this is not served here. */
  #against({ service, contractVersion, version }: Hello): WireError | undefined {
    const { contract, isDraining } = this.#terms
    if (version !== WIRE_VERSION) {
      const message = `the client speaks version ${version} of the wire, and the server ${WIRE_VERSION}`
      return wireError('VERSION_MISMATCH', message)
    }
    if (service !== undefined && service !== contract.name) {
      return wireError('UNKNOWN_SERVICE', `the service here is ${contract.name}, not ${service}`)
    }
    if (contractVersion !== undefined && contract.version !== undefined && contractVersion !== contract.version) {
      const message = `${contract.name} is here in version ${contract.version}, not ${contractVersion}`
      return wireError('VERSION_MISMATCH', message)
    }
    return isDraining ? STOPPING : undefined
  }
}

/** What a server that is stopping answers to whom it does not serve any more. */
export const STOPPING = wireError('UNAVAILABLE', 'the server is stopping', { retryable: true, notRun: true })
