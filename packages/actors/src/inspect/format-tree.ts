/**
 * A tree as text: a line for each, indented by how deep it is.
 */
import type { TreeNode } from './tree-of.js'

/**
 * Draws a tree as text. Each line begins with the path, so that one can be searched for; numbers that are 0 are left out.
 * @example
 * console.log(formatTree(treeOf(tree)))
 */
export const formatTree = (top: TreeNode): string => linesOf(top).join('\n')

const linesOf = (node: TreeNode): string[] => [
  lineOf(node),
  ...(node.children ?? []).flatMap(linesOf).map((line) => `  ${line}`),
]

function lineOf(node: TreeNode): string {
  const { path, kind, name, restarts, mailboxSize, deadLetters, strategy, value } = node
  const words = [path, kind === 'other' ? name : kind, stateOf(node), strategy, placeOf(node)]
  const numbers = Object.entries({ restarts, mailbox: mailboxSize, 'dead letters': deadLetters })
  const told = numbers.flatMap(([what, count]) => (count ? [`${what} ${count}`] : []))
  const at = value === undefined ? undefined : `at ${typeof value === 'string' ? value : JSON.stringify(value)}`
  return [...words, ...told, at].filter((word) => word !== undefined).join(' ')
}

/** Of a child that runs, or of the top, its own state says more than the phase. */
const stateOf = ({ phase, state }: TreeNode): string | undefined =>
  phase === undefined || phase === 'running' ? (state ?? phase) : phase

const placeOf = ({ isolation, pid }: TreeNode): string | undefined =>
  pid === undefined ? isolation : `${isolation} ${pid}`
