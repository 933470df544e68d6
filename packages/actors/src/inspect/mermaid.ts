/**
 * State machines as diagrams: Mermaid's `stateDiagram-v2`, which GitHub and most editors draw.
 */
import { InvalidOptionsError, parseOptions } from '@troupe/core'
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'
import { z } from 'zod'
import { diagramIds } from './diagram-ids.js'
import { diagramText } from './diagram-text.js'
import { transitionLabel } from './transition-label.js'

export const MermaidOptions = z.strictObject({
  /** Stands above the diagram. Default: nothing does. */
  title: z.string().min(1).optional(),
})

export type MermaidOptions = z.input<typeof MermaidOptions>

/**
 * Draws an xstate machine as the text of a Mermaid diagram. Guards stand in brackets; an event that leads nowhere stands
 * inside its state, with its actions; what an invoked actor ends with is `done(src)` or `error(src)`.
 * @throws {TroupeError} `INVALID_OPTIONS`
 * @example
 * console.log(toMermaid(lifecycleMachine, { title: 'A lifecycle' }))
 */
export function toMermaid(machine: AnyStateMachine, options: MermaidOptions = {}): string {
  const { title } = parseOptions(MermaidOptions, options, 'a diagram')
  if (machine?.root?.states === undefined) {
    throw new InvalidOptionsError('a diagram', [{ path: 'machine', message: 'must be a state machine of xstate' }])
  }
  // A text of JSON is a text of YAML, in which the title is.
  const head = title === undefined ? [] : ['---', `title: ${JSON.stringify(title)}`, '---']
  return [...head, 'stateDiagram-v2', ...indented(new Diagram(machine.root).lines())].join('\n')
}

class Diagram {
  readonly #root: AnyStateNode
  readonly #ids: ReadonlyMap<AnyStateNode, string>
  /**
   * Arrows between states that are not side by side. They stand outside of all states: within one, Mermaid would take
   * both of their ends for states directly in it.
   */
  readonly #far: string[] = []

  constructor(root: AnyStateNode) {
    this.#root = root
    this.#ids = diagramIds(root)
  }

  lines(): string[] {
    const body = isDrawn(this.#root) ? this.#state(this.#root) : this.#inside(this.#root)
    return [...body, ...this.#far]
  }

  /** A state with all that is in it, and the arrows from it to the states at its side. */
  #state(node: AnyStateNode): string[] {
    const id = this.#id(node)
    const name = `state "${nameOf(node)}" as ${id}`
    const inside = Object.keys(node.states).length > 0 ? this.#inside(node) : undefined
    // Mermaid has no place for text in a state with others: there the event returns to it.
    const within = inside === undefined ? `${id} :` : `${id} --> ${id} :`
    const internal = transitionsOf(node).filter(({ target }) => target === undefined)
    return [
      ...(inside === undefined ? [name] : [`${name} {`, ...indented(inside), '}']),
      ...internal.map((transition) => `${within} ${transitionLabel(transition)}`),
      ...(node.type === 'final' ? [`${id} --> [*]`] : []),
      ...this.#arrows(node),
    ]
  }

  #inside(node: AnyStateNode): string[] {
    const states = Object.values(node.states).map((child) => this.#state(child))
    // Regions that run at the same time are parted by a line.
    if (node.type === 'parallel') return states.flatMap((region, index) => (index === 0 ? region : ['--', ...region]))
    const first = node.type === 'compound' ? (node.initial.target ?? []) : []
    return [...first.map((target) => `[*] --> ${this.#id(target)}`), ...states.flat()]
  }

  #arrows(node: AnyStateNode): string[] {
    const near: string[] = []
    const draw = (target: AnyStateNode, label: string) => {
      const arrow = `${this.#id(node)} --> ${this.#id(target)}${label === '' ? '' : ` : ${label}`}`
      const isNear = node.parent === target.parent && node.parent?.type !== 'parallel'
      ;(isNear ? near : this.#far).push(arrow)
    }
    for (const transition of transitionsOf(node)) {
      for (const target of transition.target ?? []) draw(target, transitionLabel(transition))
    }
    if (node.type === 'history') for (const target of remembersAtFirst(node)) draw(target, '')
    return near
  }

  #id(node: AnyStateNode): string {
    return this.#ids.get(node)!
  }
}

/** The machine itself is a state of the diagram only where it does something as a whole. */
const isDrawn = (root: AnyStateNode): boolean => root.type !== 'compound' || transitionsOf(root).length > 0

const transitionsOf = (node: AnyStateNode): AnyTransitionDefinition[] => [
  ...[...node.transitions.values()].flat(),
  ...(node.always ?? []),
]

function nameOf(node: AnyStateNode): string {
  if (node.type === 'history') return node.history === 'deep' ? diagramText('H*') : 'H'
  return diagramText(node.key)
}

/** Where a history state leads while there is nothing to remember. */
function remembersAtFirst({ parent, config, machine }: AnyStateNode): readonly AnyStateNode[] {
  const target: unknown = config.target
  if (typeof target !== 'string' || parent === undefined) return parent?.initial.target ?? []
  if (target.startsWith('#')) return [machine.getStateNodeById(target)]
  return [target.split('.').reduce((node, key) => node.states[key]!, parent)]
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`)
