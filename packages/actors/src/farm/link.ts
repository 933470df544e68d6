/**
 * One direction-pair between the farm and one incarnation of a worker: numbers what is sent, keeps it until it is
 * acknowledged, and takes what comes in order and once. Go-back-N, as a pure state with no I/O.
 *
 * A socket keeps order, but a connection that is cut loses what was under way: then the numbers show a gap, nothing
 * after the gap is taken, and the sender, whose acknowledgements stop, sends again from there.
 */

/** What to do with a numbered frame that came. */
export type Arrival = 'take' | 'duplicate' | 'gap'

export class Link<Frame> {
  #sent = 0
  #received = 0
  #resendFromMs = 0
  readonly #unacknowledged: { readonly sequence: number; readonly frame: Frame }[] = []

  /** The number of the last frame that was sent. */
  get sent(): number {
    return this.#sent
  }

  /** The number of the last frame that was taken: the acknowledgement that every frame carries. */
  get received(): number {
    return this.#received
  }

  /** How many frames wait for their acknowledgement. */
  get unacknowledged(): number {
    return this.#unacknowledged.length
  }

  /** Numbers a frame, from 1, and keeps it. `make` is given its number. */
  send(nowMs: number, make: (sequence: number) => Frame): Frame {
    if (this.#unacknowledged.length === 0) this.#resendFromMs = nowMs
    const sequence = ++this.#sent
    const frame = make(sequence)
    this.#unacknowledged.push({ sequence, frame })
    return frame
  }

  /** Judges the number of a frame that came. */
  arrive(sequence: number): Arrival {
    if (sequence <= this.#received) return 'duplicate'
    if (sequence > this.#received + 1) return 'gap'
    this.#received = sequence
    return 'take'
  }

  /** Forgets what the peer has said that it took. */
  acknowledge(nowMs: number, sequence: number): void {
    let count = 0
    while (count < this.#unacknowledged.length && this.#unacknowledged[count]!.sequence <= sequence) count++
    if (count === 0) return
    this.#unacknowledged.splice(0, count)
    this.#resendFromMs = nowMs
  }

  /** What has waited for its acknowledgement for `afterMs` without any progress, to be sent again, in order. */
  overdue(nowMs: number, afterMs: number): readonly Frame[] {
    if (this.#unacknowledged.length === 0 || nowMs - this.#resendFromMs < afterMs) return []
    this.#resendFromMs = nowMs
    return this.#unacknowledged.map(({ frame }) => frame)
  }
}
