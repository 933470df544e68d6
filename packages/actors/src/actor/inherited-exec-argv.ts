/**
 * The flags of Node that a process of an actor has from its owner's.
 */

/** They make Node run code of theirs instead of a file. */
const EVALUATES = /^(-e|--eval|-p|--print|-pe|--input-type)(=|$)/
/** They open a port or write a file, which two processes cannot do at one place. */
const EXCLUSIVE = /^--(inspect|debug-port|cpu-prof|heap-prof)/

/** The flags, less those that would run the owner's code again, open a second debugger or write its profile over. */
export function inheritedExecArgv(execArgv: readonly string[]): string[] {
  const kept: string[] = []
  for (let index = 0; index < execArgv.length; index++) {
    const flag = execArgv[index]!
    if (!EVALUATES.test(flag) && !EXCLUSIVE.test(flag)) kept.push(flag)
    else if (!flag.includes('=') && isValue(execArgv[index + 1])) index++
  }
  return kept
}

const isValue = (next: string | undefined) => next !== undefined && !next.startsWith('-')
