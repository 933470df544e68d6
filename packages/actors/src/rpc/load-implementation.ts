/**
 * Reads what a module exports of services: handlers with their contract, or contracts.
 */
import { TroupeError } from '@troupe/core/kernel'
import { loadExport, loadModule, moduleUrl } from '../actor/load-export.js'
import { type Contract, isContract } from './contract.js'
import { type Implementation, isImplementation } from './handlers.js'

export interface LoadedImplementation {
  /** The name of the export. */
  readonly export: string
  readonly implementation: Implementation
}

/**
 * Imports a module and gives the implementation that it exports: the one of that name, or the only one. An export that is a
 * function, which has to be named, is called with `args`.
 * @throws {TroupeError} `MODULE_NOT_FOUND`, `MODULE_FAILED`; `EXPORT_NOT_FOUND` when there is none, or several and no name
 */
export async function loadImplementation(
  module: URL | string,
  name?: string,
  args?: unknown,
): Promise<LoadedImplementation> {
  const url = moduleUrl(module)
  if (name === undefined) {
    const wanted = { what: MADE, is: isImplementation, identity: (value: Implementation) => value }
    const [only, implementation] = await onlyOf(url, wanted)
    return { export: only, implementation }
  }
  const loaded = await loadExport({ module: url, export: name })
  const implementation = typeof loaded === 'function' ? await (loaded as (args: unknown) => unknown)(args) : loaded
  if (isImplementation(implementation)) return { export: name, implementation }
  const what = typeof loaded === 'function' ? `what ${name} of ${url.href} returns` : `${name} of ${url.href}`
  throw new TroupeError('EXPORT_NOT_FOUND', `${what} is not ${MADE}`)
}

/**
 * Imports a module and gives the contract that it exports, by itself or with its handlers: of the export of that name, or the
 * only one.
 * @throws {TroupeError} `MODULE_NOT_FOUND`, `MODULE_FAILED`; `EXPORT_NOT_FOUND` when there is none, or several and no name
 */
export async function loadContract(module: URL | string, name?: string): Promise<Contract> {
  const url = moduleUrl(module)
  if (name === undefined) {
    const [, only] = await onlyOf(url, { what: OFFERED, is: isOffered, identity: contractOf })
    return contractOf(only)
  }
  const loaded = await loadExport({ module: url, export: name })
  if (isOffered(loaded)) return contractOf(loaded)
  throw new TroupeError('EXPORT_NOT_FOUND', `${name} of ${url.href} is not ${OFFERED}`)
}

const MADE = 'what implement(contract, handlers) makes'
const OFFERED = 'what contract(name, { procedures }) or implement(contract, handlers) makes'

const isOffered = (value: unknown): value is Contract | Implementation => isContract(value) || isImplementation(value)
const contractOf = (value: Contract | Implementation): Contract => (isContract(value) ? value : value.contract)

interface Wanted<Value> {
  readonly what: string
  is(value: unknown): value is Value
  /** What makes two exports one. */
  identity(value: Value): unknown
}

/** The one export that is wanted, and its name: of two names of one thing, the first. */
async function onlyOf<Value>(url: URL, { what, is, identity }: Wanted<Value>): Promise<[name: string, value: Value]> {
  const exports = Object.entries(await loadModule(url))
  const found = exports.flatMap(([name, value]): [string, Value][] => (is(value) ? [[name, value]] : []))
  const [first] = found
  if (first === undefined) throw new TroupeError('EXPORT_NOT_FOUND', `${url.href} exports nothing that is ${what}`)
  if (new Set(found.map(([, value]) => identity(value))).size === 1) return first
  const names = found.map(([name]) => name).join(', ')
  throw new TroupeError('EXPORT_NOT_FOUND', `${url.href} exports several, so one must be named: ${names}`)
}
