/**
 * The command: `bench farm|journal|remote|sockets|actors|rpc|security [--rounds N] [--quick] [--only NAME]... [--json FILE] [--into FILE]`.
 * Tables on stdout, progress on stderr.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Contender } from './contender.js'
import { journalPools, listPools, remotePools, securityPools } from './contenders/all.js'
import { machineFacts } from './machine.js'
import { insertReport, type Report, renderReport } from './report.js'
import type { Scenario, Section } from './scenario.js'
import { actorAsk } from './scenarios/actor-ask.js'
import { actorCrash } from './scenarios/actor-crash.js'
import { actorStart } from './scenarios/actor-start.js'
import { actorTree } from './scenarios/actor-tree.js'
import { binary } from './scenarios/binary.js'
import { cpu } from './scenarios/cpu.js'
import { crowd } from './scenarios/crowd.js'
import { growth } from './scenarios/growth.js'
import { journalCpu } from './scenarios/journal-cpu.js'
import { journalRate } from './scenarios/journal-rate.js'
import { journalResume } from './scenarios/journal-resume.js'
import { kill } from './scenarios/kill.js'
import { lost } from './scenarios/lost.js'
import { map } from './scenarios/map.js'
import { memory } from './scenarios/memory.js'
import { pipeline } from './scenarios/pipeline.js'
import { pythonCpu, pythonRate } from './scenarios/python.js'
import { refused } from './scenarios/refused.js'
import { remoteCpu, remoteRate } from './scenarios/remote.js'
import { roundTrip } from './scenarios/round-trip.js'
import { rpcIdle } from './scenarios/rpc-idle.js'
import { rpcInFlight } from './scenarios/rpc-in-flight.js'
import { rpcLone } from './scenarios/rpc-lone.js'
import { rpcStream } from './scenarios/rpc-stream.js'
import { securedCalls, securedCpu, securedRate } from './scenarios/secured.js'
import { submit } from './scenarios/submit.js'

interface Suite {
  readonly scenarios: Readonly<Record<string, Scenario>>
  readonly workers?: number
  readonly pools?: () => readonly Contender[]
}

const WORKERS = 2
const SUITES: Readonly<Record<string, Suite>> = {
  farm: { scenarios: { submit, map, cpu, memory, kill, binary }, workers: WORKERS, pools: listPools },
  journal: {
    scenarios: { rate: journalRate, cpu: journalCpu, resume: journalResume },
    workers: WORKERS,
    pools: journalPools,
  },
  remote: {
    scenarios: { rate: remoteRate, cpu: remoteCpu, lost, crowd, python: pythonRate, 'python-cpu': pythonCpu },
    workers: WORKERS,
    pools: remotePools,
  },
  sockets: { scenarios: { pipeline, 'round-trip': roundTrip, growth } },
  actors: { scenarios: { start: actorStart, tree: actorTree, crash: actorCrash, ask: actorAsk } },
  security: {
    scenarios: { rate: securedRate, cpu: securedCpu, calls: securedCalls, refused },
    workers: WORKERS,
    pools: securityPools,
  },
  rpc: { scenarios: { inflight: rpcInFlight, lone: rpcLone, stream: rpcStream, idle: rpcIdle } },
}
const USAGE = Object.entries(SUITES)
  .map(([name, { scenarios }]) => [name, Object.keys(scenarios).join('|')])
  .map(([name, all]) => `usage: bench ${name} [--rounds N] [--quick] [--only ${all}]... [--json FILE] [--into FILE]`)
  .join('\n')

interface Command {
  readonly suite: Suite
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

async function main({ suite, rounds, quick, scenarios, json, into }: Command): Promise<void> {
  const machine = machineFacts()
  const sections: Section[] = []
  for (const name of scenarios) {
    const began = performance.now()
    sections.push(await suite.scenarios[name]!({ workers: WORKERS, rounds, quick }))
    console.error(`${name}: ${((performance.now() - began) / 1_000).toFixed(0)} s`)
  }
  const said = ['pnpm bench', ...process.argv.slice(2)].join(' ')
  const { workers, pools } = suite
  const told = pools?.().map(({ name, abilities }) => ({ name, abilities }))
  const report: Report = {
    ...{ command: said, machine, rounds, sections },
    ...(workers !== undefined && { workers }),
    ...(told !== undefined && { pools: told }),
  }
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
    const [name = '', ...others] = positionals
    const suite = Object.hasOwn(SUITES, name) ? SUITES[name] : undefined
    if (suite === undefined || others.length > 0) return undefined
    const { quick, only: scenarios = Object.keys(suite.scenarios), json, into } = values
    const rounds = Number(values.rounds ?? (quick ? 1 : 5))
    const known = scenarios.every((one) => Object.hasOwn(suite.scenarios, one))
    return known && Number.isInteger(rounds) && rounds > 0 ? { suite, rounds, quick, scenarios, json, into } : undefined
  } catch {
    return undefined
  }
}
