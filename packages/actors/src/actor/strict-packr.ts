/**
 * msgpackr would write a function as null: what cannot be said must be an error.
 */
import { Packr } from 'msgpackr'

export class StrictPackr extends Packr {
  writeFunction(): never {
    throw new TypeError('a function cannot be encoded')
  }
}
