import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'

/** What becomes of a socket in a thread: of an actor, of a thread that this has started, or of any other. */
function inThread(isActors: boolean, nested: boolean): Promise<string> {
  const socket = JSON.stringify(new URL('../dist/socket/socket.js', import.meta.url).href)
  const options = JSON.stringify(new URL('../dist/socket/socket.options.js', import.meta.url).href)
  const kernel = JSON.stringify(new URL('../dist/kernel.js', import.meta.url).href)
  const open = `
    const { parentPort } = await import('node:worker_threads')
    const { ZMQSocket } = await import(${socket})
    const { DuplexOptions } = await import(${options})
    try {
      const opened = new ZMQSocket('pair', DuplexOptions)
      await opened.close()
      parentPort.postMessage('opened')
    } catch (error) {
      parentPort.postMessage(error.code + ': ' + error.message)
    }
  `
  const text = `
    const { parentPort, setEnvironmentData, Worker } = await import('node:worker_threads')
    const { ACTOR_THREAD } = await import(${kernel})
    if (${isActors}) setEnvironmentData(ACTOR_THREAD, true)
    const open = 'data:text/javascript,' + ${JSON.stringify(encodeURIComponent(open))}
    if (${nested}) new Worker(new URL(open)).on('message', (message) => parentPort.postMessage(message))
    else await import(open)
  `
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(text)}`))
  return new Promise((resolve, reject) => {
    let said = ''
    worker.on('message', (message: string) => {
      said = message
    })
    worker.once('error', reject)
    worker.once('exit', () => resolve(said))
  })
}

describe('a socket', () => {
  it.each([false, true])(
    'cannot be opened in the thread of an actor: SOCKET_IN_THREAD (in one that it has started: %s)',
    async (nested) => {
      expect(await inThread(true, nested)).toMatch(/^SOCKET_IN_THREAD: .*thread of an actor.*isolation 'process'/)
    },
  )

  it('can be opened in any other thread', async () => {
    expect(await inThread(false, false)).toBe('opened')
  })
})
