/**
 * One run at a time: a file that holds the process id of the run that works.
 */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 100
/** How old a lock without a process id may be: a run writes its id at once. */
const EMPTY_MS = 2_000

/**
 * Does the work while no other run does work under the same lock. Waits for a run that lives, takes over from one
 * that died.
 *
 * @template T
 * @param {string} file
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withLock(file, work) {
  mkdirSync(dirname(file), { recursive: true })
  let told = false
  while (!take(file)) {
    const holder = read(file)
    if (isDead(holder, file)) steal(file, holder)
    else {
      if (!told) console.error(`Process ${holder} is setting this folder up; waiting for it (${file}).`)
      told = true
      await delay(POLL_MS)
    }
  }
  try {
    return await work()
  } finally {
    rmSync(file, { force: true })
  }
}

/** @param {string} file */
function take(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** @param {string} file */
function read(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ''
    throw error
  }
}

/**
 * @param {string} holder
 * @param {string} file
 */
function isDead(holder, file) {
  if (holder === '') return (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) < Date.now() - EMPTY_MS
  try {
    process.kill(Number(holder), 0)
    return false
  } catch (error) {
    return codeOf(error) === 'ESRCH'
  }
}

/**
 * Removes the lock of a dead run, by a rename that succeeds for one run only, and puts it back if it was a new one.
 *
 * @param {string} file
 * @param {string} holder
 */
function steal(file, holder) {
  const mine = `${file}.${process.pid}`
  try {
    renameSync(file, mine)
    if (read(mine) !== holder) linkSync(mine, file)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error
  } finally {
    rmSync(mine, { force: true })
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
