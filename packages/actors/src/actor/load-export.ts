/**
 * Code that is named, not sent: a module and an export of it.
 */
import { existsSync, statSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { errorData, TroupeError } from '@troupe/core/kernel'

/**
 * What runs elsewhere, by name. `Code` is the type of what is exported: with it the messages and replies of the actor are
 * checked by the compiler.
 * @example
 * import type { counter } from './counter.js'
 * const code: ModuleExport<typeof counter> = { module: new URL('./counter.js', import.meta.url), export: 'counter' }
 */
export interface ModuleExport<Code = unknown> {
  /** A file URL, as `new URL('./worker.js', import.meta.url)`. */
  readonly module: URL
  /** The name of the export; `default` for the default one. */
  readonly export: string
  /** A type alone: never there. */
  readonly code?: Code
}

/** Whether a value, which may come from untyped code, names an export. */
export function isModuleExport(code: unknown): code is ModuleExport {
  const { module, export: name } = (code ?? {}) as { module?: { href?: unknown }; export?: unknown }
  return typeof module?.href === 'string' && typeof name === 'string'
}

/** Reads what a person wrote for a module: a file URL, as an object or as text, or a path. */
export const moduleUrl = (module: URL | string): URL =>
  typeof module !== 'string' ? module : module.startsWith('file:') ? new URL(module) : pathToFileURL(module)

/**
 * Imports a module.
 * @throws {TroupeError} `MODULE_NOT_FOUND`; `MODULE_FAILED` for one that throws, which is the cause; a TroupeError that
 * the module itself raises comes as it is
 */
export async function loadModule(module: URL): Promise<Readonly<Record<string, unknown>>> {
  const where = module.protocol === 'file:' ? fileURLToPath(module) : module.href
  if (module.protocol === 'file:' && !(existsSync(where) && statSync(where).isFile())) {
    throw new TroupeError('MODULE_NOT_FOUND', `there is no file ${where}`)
  }
  try {
    return (await import(module.href)) as Readonly<Record<string, unknown>>
  } catch (cause) {
    if (cause instanceof TroupeError) throw cause
    throw new TroupeError('MODULE_FAILED', `${where} failed when it was imported: ${errorData(cause).message}`, {
      cause,
    })
  }
}

/** Imports one export of a module. @throws {TroupeError} what {@link loadModule} throws; `EXPORT_NOT_FOUND` */
export async function loadExport(code: ModuleExport): Promise<unknown> {
  const loaded = await loadModule(code.module)
  if (code.export in loaded) return loaded[code.export]
  const names = Object.keys(loaded).join(', ') || 'nothing'
  throw new TroupeError('EXPORT_NOT_FOUND', `${code.module.href} exports no ${code.export}, but ${names}`)
}

/** What is raised for an export that no actor can be made of. */
export const notCode = (code: ModuleExport): TroupeError =>
  new TroupeError(
    'EXPORT_NOT_FOUND',
    `the export ${code.export} of ${code.module.href} is no function, no logic of xstate and no handler`,
  )
