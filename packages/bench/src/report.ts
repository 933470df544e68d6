/**
 * All sections as one page of markdown.
 */
import type { Abilities } from './contender.js'
import { describeMachine, type MachineFacts } from './machine.js'
import { WARM_UP_ROUNDS } from './rounds.js'
import type { Section } from './scenario.js'
import { renderTable } from './table.js'

export interface Report {
  readonly command: string
  readonly machine: MachineFacts
  /** How many each contender has, if they have workers. */
  readonly workers?: number
  /** What is said of each contender that can do more than others. */
  readonly pools?: readonly { readonly name: string; readonly abilities: Abilities }[]
  readonly rounds: number
  readonly sections: readonly Section[]
}

export function renderReport({ command, machine, workers, pools, rounds, sections }: Report): string {
  const intro = [
    `Command: \`${command}\``,
    '',
    `Machine: ${describeMachine(machine)}.`,
    '',
    `${workers === undefined ? '' : `${workers} workers; `}medians of ${rounds} alternated rounds, after ${WARM_UP_ROUNDS} that are not counted. Spread: fastest less slowest round, of the median.`,
  ]
  const parts = sections.flatMap((section) => ['', renderSection(section)])
  const abilities = pools === undefined ? [] : ['', renderAbilities(pools)]
  return [...intro, ...parts, ...abilities, ...renderTargets(sections)].join('\n')
}

const BEGIN = '<!-- what follows is written by the command -->'
const END = '<!-- what precedes is written by the command -->'

/**
 * A page with its report replaced. Only what stands between the two marks changes.
 * @throws {Error} when the page has no marks
 */
export function insertReport(page: string, report: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error(`the page has no place for a report: ${BEGIN} ... ${END}`)
  return `${page.slice(0, begin + BEGIN.length)}\n\n${report}\n\n${page.slice(end)}`
}

function renderSection({ title, text, tables }: Section): string {
  return [`## ${title}`, text, ...tables.map(renderTable)].join('\n\n')
}

function renderAbilities(pools: NonNullable<Report['pools']>): string {
  const rows = pools.map(({ name, abilities: { validates, map, deadWorker } }) => [name, validates, map, deadWorker])
  const head = ['contender', 'validates (zod)', 'results of a map', 'a dead worker']
  return ['## What they do beside', renderTable({ head, rows, prose: true })].join('\n\n')
}

function renderTargets(sections: readonly Section[]): string[] {
  const rows = sections
    .flatMap(({ targets }) => targets)
    .map(({ what, wanted, measured, met }) => [what, wanted, measured, met ? 'met' : 'missed'])
  if (rows.length === 0) return []
  return ['', '## Targets', '', renderTable({ head: ['what', 'wanted', 'measured', ''], rows, prose: true })]
}
