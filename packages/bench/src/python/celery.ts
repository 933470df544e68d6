/**
 * Celery: prefork workers, with Redis on a Unix socket for its messages and its results. Both in msgpack, as ours are.
 */
import { pythonWith } from '@troupe/testing/python-with'
import type { Contender } from '../contender.js'
import { startServer } from '../debian-server.js'
import { redisMissing, startRedis } from '../journal/redis-server.js'
import { SCRIPTS, startScript } from './script.js'

const interpreter = () => pythonWith('celery', 'redis', 'msgpack')
/** What its workers tell each other, which nobody here wants to know. */
const SILENT = ['--without-gossip', '--without-mingle', '--without-heartbeat']

export const celeryGroup = celeryBy('group', 'in input order, groups of 1000; a message for each task')
export const celeryChunks = celeryBy('chunks', 'in input order; a message for 100 tasks')

function celeryBy(way: 'group' | 'chunks', map: string): Contender {
  return {
    name: `Celery on Redis, ${way}`,
    slow: true,
    abilities: {
      validates: 'nothing',
      map,
      deadWorker: 'is replaced, and its tasks fail unless they are acknowledged late',
    },
    missing: () =>
      interpreter() === undefined
        ? 'no Python here has celery, redis and msgpack: on Debian, apt install python3-celery python3-redis python3-msgpack'
        : redisMissing(),
    async start({ task, workers }) {
      const python = interpreter()!
      const redis = await startRedis('no')
      const env = { BENCH_REDIS: `redis+socket://${redis.path}` }
      const order = ['--pool', 'prefork', '--concurrency', String(workers), '--loglevel', 'WARNING', ...SILENT]
      await startServer({
        command: python,
        args: ['-B', '-m', 'celery', '--workdir', SCRIPTS, '-A', 'celery_points', 'worker', ...order],
        ready: /ready/,
        env,
      })
      const client = startScript(python, ['celery_client.py', way, task], env)
      return {
        map: client.map,
        async stop() {
          await client.stop()
          redis.remove()
        },
      }
    },
  }
}
