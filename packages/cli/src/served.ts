/**
 * What `troupe serve` has its workers run: the file of the command line, which may be TypeScript. The flags of a process with
 * which Node imports that are of no use to a thread.
 */
import { type Implementation, loadImplementation } from '@troupe/actors/rpc'
import { readySource } from './source-file.js'

export interface Served {
  readonly file: string
  readonly export: string
}

/** The handlers, with their contract. @throws {TroupeError} what `loadImplementation` throws */
export async function served({ file, export: name }: Served): Promise<Implementation> {
  const { url } = await readySource(file)
  return (await loadImplementation(url, name)).implementation
}
