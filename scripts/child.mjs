/**
 * Runs a program to its end in this terminal, and leaves every signal to it.
 */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { ROOT } from './workspace.mjs'

/** @type {NodeJS.Signals[]} */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP']
const ORPHAN_CHECK_MS = 300

/**
 * Where a program runs and what it is connected to.
 *
 * @typedef {object} Place
 * @property {string} [cwd] the root of the workspace by default
 * @property {import('node:child_process').StdioOptions} [stdio] this terminal by default
 */

/**
 * Runs a Node program. Resolves with its exit code, which is 128 + n when signal n ended it.
 *
 * @param {string} file relative to the root of the workspace
 * @param {readonly string[]} [args]
 * @param {Place} [place]
 */
export function runNode(file, args = [], place = {}) {
  return run(process.execPath, [file, ...args], place)
}

/**
 * Runs npm or npx. The arguments go through a shell on Windows: none may come from outside.
 *
 * @param {'npm' | 'npx'} command
 * @param {readonly string[]} args
 * @param {Place} [place]
 */
export function runNpm(command, args, place = {}) {
  // Node starts a .cmd file through a shell only.
  if (process.platform === 'win32') return run(`${command}.cmd`, args, { ...place, shell: true })
  return run(command, args, place)
}

/**
 * @param {string} command
 * @param {readonly string[]} args
 * @param {Place & { shell?: boolean }} place
 * @returns {Promise<number>}
 */
function run(command, args, { cwd = ROOT, stdio = 'inherit', shell = false }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio, shell })
    /** @param {NodeJS.Signals} signal */
    const passOn = (signal) => {
      if (!reachesChild(signal)) child.kill(signal)
    }
    for (const signal of SIGNALS) process.on(signal, passOn)
    const orphanWatch = whenOrphaned(() => child.kill('SIGTERM'))
    const settle = () => {
      clearInterval(orphanWatch)
      for (const signal of SIGNALS) process.off(signal, passOn)
    }
    child.once('error', (error) => {
      settle()
      reject(error)
    })
    child.once('exit', (code, signal) => {
      settle()
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))
    })
  })
}

/**
 * A terminal gives Ctrl-C to everything that runs in it, and npm passes it on once more. A program that counts them
 * (one drains, two stop) must get it once.
 *
 * @param {NodeJS.Signals} signal
 */
function reachesChild(signal) {
  return signal === 'SIGINT' && [process.stdin, process.stdout, process.stderr].some((stream) => stream.isTTY)
}

/**
 * npm gives a signal to the shell between it and us, which may die of it and tell us nothing.
 *
 * @param {() => void} act
 */
function whenOrphaned(act) {
  const parent = process.ppid
  const underNpm = process.env.npm_lifecycle_event !== undefined
  const timer = setInterval(() => {
    if (!underNpm || process.ppid === parent) return
    clearInterval(timer)
    act()
  }, ORPHAN_CHECK_MS)
  return timer.unref()
}
