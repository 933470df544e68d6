/**
 * Ends the processes of actors whose owner was killed, also those whose event loops do not turn and that cannot notice by
 * themselves: a shell waits for the end of a pipe that only this process holds.
 */
import { type ChildProcess, spawn } from 'node:child_process'

/** How long processes have to end by themselves once their owner is gone, in s; they give themselves one. */
const GRACE_S = 2
/** How long it waits for the next process when there is none left to end, in ms. */
const LINGER_MS = 1_000

/** It is of no group that a terminal speaks to, hears no signal, and ends when its input does. */
const SCRIPT = `
trap '' INT TERM HUP
pids=' '
folder=''
while read -r word what; do
  case $word in
    add) pids="$pids$what " ;;
    remove) pids="\${pids%% $what *} \${pids#* $what }" ;;
    folder) folder=$what ;;
  esac
done
for pid in $pids; do
  [ -n "$slept" ] || { sleep ${GRACE_S}; slept=yes; }
  kill -9 "$pid" 2>/dev/null
done
[ -z "$slept" ] || [ -z "$folder" ] || rm -rf "$folder"
`

class Reaper {
  readonly #pids = new Set<number>()
  #shell: ChildProcess | undefined
  #timer: NodeJS.Timeout | undefined

  /** Ends a process when this one is gone, and removes this one's folder of private files then. */
  add(pid: number, folder: string | undefined): void {
    clearTimeout(this.#timer)
    this.#pids.add(pid)
    // A new one is told all of them.
    if (this.#shell === undefined) this.#start()
    else this.#say(`add ${pid}`)
    if (folder !== undefined) this.#say(`folder ${folder}`)
  }

  /** It has ended. */
  remove(pid: number): void {
    if (!this.#pids.delete(pid)) return
    this.#say(`remove ${pid}`)
    if (this.#pids.size > 0) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#end(), LINGER_MS)
    this.#timer.unref()
  }

  #start(): void {
    const shell = spawn('sh', ['-c', SCRIPT, 'troupe-reaper'], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
    this.#shell = shell
    const gone = () => {
      if (this.#shell === shell) this.#shell = undefined
    }
    // Where there is no shell, what loops lives on; the others notice.
    shell.once('error', gone)
    shell.once('exit', gone)
    shell.stdin!.on('error', () => undefined)
    shell.unref()
    ;(shell.stdin as unknown as { unref(): void }).unref()
    for (const pid of this.#pids) this.#say(`add ${pid}`)
  }

  #say(line: string): void {
    this.#shell?.stdin?.write(`${line}\n`)
  }

  #end(): void {
    this.#shell?.stdin?.end()
    this.#shell = undefined
  }
}

/** The one of this process. On Windows there is none. */
export const reaper: Pick<Reaper, 'add' | 'remove'> =
  process.platform === 'win32' ? { add: () => undefined, remove: () => undefined } : new Reaper()
