/**
 * Stops with a plain sentence on a Node that is too old. Imported first, for its effect, so it is written in the
 * JavaScript of old Nodes.
 */
import { readFileSync } from 'node:fs'

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const [major = 0, minor = 0] = numbersIn(engines.node)
const [runningMajor = 0, runningMinor = 0] = numbersIn(process.versions.node)

if (runningMajor < major || (runningMajor === major && runningMinor < minor)) {
  console.error(
    `Troupe needs Node.js ${major}.${minor} or newer; this is ${process.versions.node} (${process.execPath}).`,
  )
  process.exit(1)
}

/** @param {string} version */
function numbersIn(version) {
  return (version.match(/\d+/g) || []).map(Number)
}
