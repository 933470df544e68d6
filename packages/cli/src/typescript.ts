/**
 * Task files in TypeScript, run as they are by tsx.
 */
import { register as registerCommonJs } from 'tsx/cjs/api'
import { register as registerModules } from 'tsx/esm/api'

/** Lets this process import TypeScript, and returns the Node flags that let another one. */
export function enableTypeScript(): string[] {
  registerCommonJs()
  registerModules()
  return ['--import', import.meta.resolve('tsx')]
}
