/**
 * The payload of every contender: the same schema at both ends, the same values, and a sum that finds a wrong result.
 */
import { z } from 'zod'

export const Point = z.object({ id: z.number(), x: z.number(), y: z.number(), text: z.string() })
export type Point = z.infer<typeof Point>
const TEXT_LENGTH = 64

/** The input of task `id`. Its text is its own: an encoder that writes equal strings once would not send it. */
export function pointOf(id: number): Point {
  return { id, x: id / 2, y: -id, text: String(id).padStart(TEXT_LENGTH, '.') }
}

/** The inputs of tasks 0 to `count` - 1, each made when it is asked for. */
export function* pointsTo(count: number): Generator<Point, void, undefined> {
  for (let id = 0; id < count; id++) yield pointOf(id)
}

/** What came back, in any order. */
export class Tally {
  count = 0
  sum = 0

  take({ id, x, y, text }: Point): void {
    if (text.length !== TEXT_LENGTH) throw new Error(`the text of result ${id} has ${text.length} characters`)
    this.count++
    this.sum += id + x - y
  }

  add({ count, sum }: Pick<Tally, 'count' | 'sum'>): void {
    this.count += count
    this.sum += sum
  }

  /** @throws {Error} when it is not what tasks 0 to `count` - 1 give */
  assertComplete(count: number, who: string): void {
    const sum = 2.5 * ((count * (count - 1)) / 2) + 2 * count
    if (this.count !== count || this.sum !== sum) {
      throw new Error(`${who}: ${this.count} results with sum ${this.sum} of ${count} tasks with sum ${sum}`)
    }
  }
}
