export { freePort } from './free-port.js'
export { anyEndpoint, freeAddress, numbers, TRANSPORTS, type Transport, take, WIRES } from './transports.js'
export { writeRaw } from './write-raw.js'
