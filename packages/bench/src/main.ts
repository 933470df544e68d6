/**
 * The command: `bench farm [--rounds N] [--quick] [--only NAME]... [--json FILE] [--into FILE]`.
 * Tables on stdout, progress on stderr.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { machineFacts } from './machine.js'
import { insertReport, type Report, renderReport } from './report.js'
import type { Scenario, Section } from './scenario.js'
import { cpu } from './scenarios/cpu.js'
import { kill } from './scenarios/kill.js'
import { map } from './scenarios/map.js'
import { memory } from './scenarios/memory.js'
import { submit } from './scenarios/submit.js'

const SCENARIOS: Readonly<Record<string, Scenario>> = { submit, map, cpu, memory, kill }
const USAGE = `usage: bench farm [--rounds N] [--quick] [--only ${Object.keys(SCENARIOS).join('|')}]... [--json FILE] [--into FILE]`
const WORKERS = 2

interface Command {
  readonly rounds: number
  readonly quick: boolean
  readonly scenarios: readonly string[]
  readonly json: string | undefined
  /** A page of markdown whose report is replaced. */
  readonly into: string | undefined
}

const command = parseCommand(process.argv.slice(2))
if (command === undefined) {
  console.error(USAGE)
  process.exitCode = 2
} else {
  await main(command)
}

async function main({ rounds, quick, scenarios, json, into }: Command): Promise<void> {
  const machine = machineFacts()
  const sections: Section[] = []
  for (const name of scenarios) {
    const began = performance.now()
    sections.push(await SCENARIOS[name]!({ workers: WORKERS, rounds, quick }))
    console.error(`${name}: ${((performance.now() - began) / 1_000).toFixed(0)} s`)
  }
  const said = ['pnpm bench', ...process.argv.slice(2)].join(' ')
  const report: Report = { command: said, machine, workers: WORKERS, rounds, sections }
  const rendered = renderReport(report)
  console.log(rendered)
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, undefined, 2)}\n`)
  if (into !== undefined) writeFileSync(into, insertReport(readFileSync(into, 'utf8'), rendered))
}

/** Undefined for what is no such command. */
function parseCommand(argv: readonly string[]): Command | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        rounds: { type: 'string' },
        quick: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true },
        json: { type: 'string' },
        into: { type: 'string' },
      },
    })
    const { quick, only: scenarios = Object.keys(SCENARIOS), json, into } = values
    const rounds = Number(values.rounds ?? (quick ? 1 : 5))
    const known = scenarios.every((name) => Object.hasOwn(SCENARIOS, name))
    const valid = positionals.join(' ') === 'farm' && known && Number.isInteger(rounds) && rounds > 0
    return valid ? { rounds, quick, scenarios, json, into } : undefined
  } catch {
    return undefined
  }
}
