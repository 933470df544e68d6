/**
 * The ids of states in a diagram: readable, distinct, and no words of Mermaid.
 */
import type { AnyStateNode } from 'xstate'

/** Words that begin a statement, the id of the diagram itself, and what the dots of a state are called. */
const TAKEN =
  /^(acc(title|descr)|as|class|classdef|click|default|direction|end|hide|href|note|root|scale|state|statediagram|style)$|_(start|end)$/i

/** An id for each state, the machine's own included. */
export function diagramIds(root: AnyStateNode): Map<AnyStateNode, string> {
  const ids = new Map<AnyStateNode, string>()
  const used = new Set<string>()
  const add = (node: AnyStateNode) => {
    let id = idOf(node)
    while (used.has(id) || TAKEN.test(id)) id += '_'
    used.add(id)
    ids.set(node, id)
    for (const child of Object.values(node.states)) add(child)
  }
  add(root)
  return ids
}

function idOf({ path, key }: AnyStateNode): string {
  const id = (path.length === 0 ? [key] : path).join('_').replaceAll(/[^A-Za-z0-9_]/g, '_')
  return /^[A-Za-z]/.test(id) ? id : `s_${id}`
}
