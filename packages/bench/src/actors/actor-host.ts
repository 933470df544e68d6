/**
 * Starts the process of a contender among the actors.
 */
import { Host } from '../host.js'
import type { ActorOrder } from './actors.main.js'
import type { ActorContender } from './world.js'

const MAIN = new URL('./actors.main.js', import.meta.url)

export const startActors = ({ name }: ActorContender): Promise<Host<ActorOrder>> => Host.start(name, MAIN, [name])
