/**
 * The option `inspect`: who is told xstate's inspection events, as `createActor` of xstate takes it.
 */
import type { InspectionEvent, Observer } from 'xstate'
import { z } from 'zod'
import { announcing } from './announcing.js'

/** A function or an observer, as that of the Stately inspector. */
export type Inspector = ((event: InspectionEvent) => void) | Observer<InspectionEvent>

export const InspectOption = z.custom<Inspector>(
  (value) => typeof value === 'function' || typeof (value as Observer<unknown> | null)?.next === 'function',
  'must be a function or an observer',
)

/**
 * What tells an inspector. `failed` is told what that throws: xstate would let it end the machine. An actor is announced
 * before anything else of it, and its parents before it, also when it was there before it was inspected.
 */
export function toldTo(inspector: Inspector, failed: (error: unknown) => void): (event: InspectionEvent) => void {
  return announcing((event) => {
    try {
      if (typeof inspector === 'function') inspector(event)
      else inspector.next?.(event)
    } catch (error) {
      failed(error)
    }
  })
}
