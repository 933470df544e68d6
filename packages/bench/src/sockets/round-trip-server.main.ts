/**
 * The answering process of a round trip.
 */
import { roundTrips } from './round-trips.js'

const [, , name] = process.argv
process.on('disconnect', () => process.exit())
process.send?.(await roundTrips.find((one) => one.name === name)!.serve())
