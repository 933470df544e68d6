export { ZMQPull } from './pull.js'
export { ZMQPush } from './push.js'
