/**
 * A server, as `troupe serve` starts it, and where it listens.
 */
import { join } from 'node:path'
import { Command } from './troupe.js'

export interface Serving {
  readonly command: Command
  readonly endpoint: string
}

/** The file of a service, for the command line. */
export function serviceFile(name: string): string {
  return join(import.meta.dirname, 'services', name)
}

/** Serves a file. The command is ended by the test, or else killed after it. */
export async function serving(file: string, ...options: string[]): Promise<Serving> {
  const command = new Command(['serve', serviceFile(file), ...options])
  const [, endpoint] = await told(command, /listens at (\S+)\n/)
  return { command, endpoint: endpoint! }
}

/** Resolves when the command has said on stderr what is waited for. */
export function told(command: Command, what: RegExp): Promise<RegExpExecArray> {
  let said = ''
  return new Promise((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      said += chunk
      const found = what.exec(said)
      if (found === null) return
      command.child.stderr.off('data', hear)
      resolve(found)
    }
    command.child.stderr.on('data', hear)
    void command.result.then(() => reject(new Error(`it ended, and said: ${said}`)))
  })
}
