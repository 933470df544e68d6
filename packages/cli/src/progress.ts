/**
 * Progress on stderr: a bar where it is a terminal of its own, a line every few seconds where it is not.
 */
import { SingleBar } from 'cli-progress'
import { progressText, type Tally } from './tally.js'

/** How often the line is written where there is no bar, in ms. */
const LINE_EVERY_MS = 5_000
/** How often the bar is drawn, in ms. */
const BAR_EVERY_MS = 200

export interface Progress {
  /** Writes a notice of its own line, or lines, to stderr. */
  tell(text: string): void
  /** Stops showing progress; notices may still be told. */
  end(): void
}

export interface ProgressTerms {
  readonly stderr: NodeJS.WriteStream
  readonly kind: 'bar' | 'lines' | 'none'
  /** How far the run is now. */
  tally(): Tally
}

/** Shows progress until it is ended. Its timers do not keep the process alive. */
export function startProgress({ stderr, kind, tally }: ProgressTerms): Progress {
  const write = (text: string) => stderr.write(`troupe: ${text}\n`)
  if (kind === 'none') return { tell: write, end: () => {} }
  if (kind === 'bar') return startBar(stderr, tally)
  const timer = setInterval(() => write(lineText(tally())), LINE_EVERY_MS).unref()
  return { tell: write, end: () => clearInterval(timer) }
}

function startBar(stderr: NodeJS.WriteStream, tally: () => Tally): Progress {
  const known = tally().share !== undefined
  const bar = new SingleBar({
    stream: stderr,
    format: known ? '{bar} {percentage}% {text}' : '{text}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    fps: 1000 / BAR_EVERY_MS,
    hideCursor: true,
    clearOnComplete: true,
    // Signals are the command's.
    gracefulExit: false,
  })
  const now = (): [number, { text: string }] => [tally().share ?? 0, { text: progressText(tally()) }]
  bar.start(1, ...now())
  const timer = setInterval(() => bar.update(...now()), BAR_EVERY_MS).unref()
  let ended = false
  return {
    tell(text) {
      // The bar goes back to where it began when it stops, so a notice comes between two bars, not into one.
      bar.stop()
      stderr.write(`troupe: ${text}\n`)
      if (!ended) bar.start(1, ...now())
    },
    end() {
      ended = true
      clearInterval(timer)
      bar.stop()
    },
  }
}

function lineText(tally: Tally): string {
  return tally.share === undefined ? progressText(tally) : `${Math.floor(tally.share * 100)}%, ${progressText(tally)}`
}
