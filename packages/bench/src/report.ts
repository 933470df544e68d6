/**
 * All sections as one page of markdown.
 */
import { describeMachine, type MachineFacts } from './machine.js'
import type { Section } from './scenario.js'
import { renderTable } from './table.js'

export interface Report {
  readonly command: string
  readonly machine: MachineFacts
  readonly workers: number
  readonly rounds: number
  readonly sections: readonly Section[]
}

export function renderReport({ command, machine, workers, rounds, sections }: Report): string {
  const intro = [
    `Command: \`${command}\``,
    '',
    `Machine: ${describeMachine(machine)}.`,
    '',
    `${workers} workers; medians of ${rounds} alternated rounds, after one that is not counted. Spread: fastest less slowest round, of the median.`,
  ]
  const parts = sections.flatMap((section) => ['', renderSection(section)])
  return [...intro, ...parts, '', renderTargets(sections)].join('\n')
}

export function renderSection({ title, text, tables }: Section): string {
  return [`## ${title}`, text, ...tables.map(renderTable)].join('\n\n')
}

function renderTargets(sections: readonly Section[]): string {
  const rows = sections
    .flatMap(({ targets }) => targets)
    .map(({ what, wanted, measured, met }) => [what, wanted, measured, met ? 'met' : 'missed'])
  return ['## Targets', renderTable({ head: ['what', 'wanted', 'measured', ''], rows })].join('\n\n')
}
