/**
 * A tree of our supervisors, looked at when all that was to happen has happened.
 */
import { type ChildInfo, type Supervised, Supervisor } from '@troupe/actors/supervisor'
import { StagedWorker } from './staged-worker.js'

export const isOver = ({ state }: Supervisor): boolean => state === 'stopped' || state === 'failed'

/** Whether no supervisor is about to do anything: none lists a child that starts, stops, waits, or has ended. */
export function isSettled(supervisor: Supervisor): boolean {
  return (
    supervisor.state === 'running' &&
    supervisor.children().every(({ phase, child }) => phase === 'stopped' || (phase === 'running' && isLiving(child)))
  )
}

function isLiving(child: Supervised | undefined): boolean {
  if (child instanceof Supervisor) return isSettled(child)
  return child instanceof StagedWorker && !child.hasEnded
}

/** The tree in a line, as the other side tells it, and how many live in it. */
export function drawTree(supervisor: Supervisor, starts: (id: string) => number): { text: string; size: number } {
  const branches = supervisor.children().map((child) => drawBranch(child, starts))
  const size = branches.reduce((sum, branch) => sum + branch.size, 1)
  return { text: branches.map(({ text }) => text).join(' '), size }
}

function drawBranch({ id, child }: ChildInfo, starts: (id: string) => number): { text: string; size: number } {
  const name = `${id}:${starts(id)}`
  if (child === undefined) return { text: `${name}:undefined`, size: 0 }
  if (!(child instanceof Supervisor)) return { text: name, size: 1 }
  const { text, size } = drawTree(child, starts)
  return { text: `${name}(${text})`, size }
}
