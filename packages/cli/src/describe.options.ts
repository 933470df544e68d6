/**
 * The options of `troupe describe`, as the command line gives them.
 */
import { z } from 'zod'
import { SecurityShape } from './security.options.js'

export const DescribeOptions = z.strictObject({
  /** The export whose contract is described; undefined for the only one. */
  export: z.string().min(1).optional(),
  /** What is written. */
  format: z.enum(['json-schema', 'asyncapi']).default('json-schema'),
  ...SecurityShape,
})
export type DescribeOptions = z.output<typeof DescribeOptions>
