/**
 * The main of an actor's thread.
 */
import { parentPort, setEnvironmentData } from 'node:worker_threads'
import { ACTOR_THREAD } from '@troupe/core/kernel'
import type { Frame } from './frame.js'
import { RemoteHost } from './remote-host.js'
import type { InPort } from './thread-actor.js'
import type { FromHost, ToHost } from './words.js'

const port = parentPort!
const post = (message: InPort<FromHost>) => port.postMessage(message)

// A thread that ends while a socket of its own waits takes the whole process with it: see ACTOR_THREAD.
setEnvironmentData(ACTOR_THREAD, true)

const host = new RemoteHost({
  tell: (word) => post({ word }),
  open: () => {
    post({ word: { type: 'open-pipe' } })
    // The port is there already.
    void host.opened({ send: (frame: Frame) => post({ frame }) })
  },
  leave: (word) => {
    post({ word })
    process.exit(word.type === 'ended' ? 0 : 1)
  },
})

process.on('uncaughtException', (error) => host.fail(error))
process.on('unhandledRejection', (error) => host.fail(error))
port.on('message', (message: InPort<ToHost>) => {
  if ('word' in message) host.heard(message.word)
  else host.came(message.frame)
})
