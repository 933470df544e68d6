/**
 * Lists and maps that come from outside. zod says of each element what is wrong with it, which of a million takes seconds and
 * hundreds of megabytes: these say it of the first, and look no further.
 */
import { z } from 'zod'

/** An array of what an element is. */
export const listOf = <Element extends z.ZodType>(element: Element) =>
  z.unknown().transform((list, context): z.output<Element>[] => {
    if (!Array.isArray(list)) {
      context.addIssue('must be a list')
      return z.NEVER
    }
    const elements: z.output<Element>[] = []
    for (const one of list) {
      const parsed = element.safeParse(one)
      if (!parsed.success) {
        context.addIssue(`has an element that does not fit: ${parsed.error.issues[0]?.message}`)
        return z.NEVER
      }
      elements.push(parsed.data)
    }
    return elements
  })

/** An object of any keys with values that `is` knows. */
export const recordOf = <Value>(is: (value: unknown) => value is Value) =>
  z.unknown().transform((record, context): Readonly<Record<string, Value>> => {
    // A Map has its entries elsewhere.
    if (typeof record === 'object' && record !== null && Object.getPrototypeOf(record) === Object.prototype) {
      const entries = Object.entries(record)
      if (entries.every((entry): entry is [string, Value] => is(entry[1]))) {
        // As an own field, whatever its name is.
        return Object.fromEntries(entries)
      }
    }
    context.addIssue('must be an object of such values')
    return z.NEVER
  })
