/**
 * Redis, in a folder of its own: https://packages.debian.org/redis-server
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { missing, startServer } from '../debian-server.js'

const COMMAND = 'redis-server'

export const redisMissing = (): string | undefined => missing(COMMAND)

export interface RedisServer {
  /** Its Unix socket. */
  readonly path: string
  /** Removes its folder. */
  remove(): void
}

/** `everysec` writes its log of commands to the disk each second, as BullMQ's guide to production has it; `no` keeps none. */
export async function startRedis(log: 'everysec' | 'no'): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-redis-'))
  const path = join(folder, 'socket')
  const options = {
    ...{ port: '0', unixsocket: path, dir: folder, save: '' },
    ...{ appendonly: log === 'no' ? 'no' : 'yes', appendfsync: log, 'maxmemory-policy': 'noeviction' },
  }
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
  await startServer({ command: COMMAND, args, ready: /eady to accept connections/ })
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
