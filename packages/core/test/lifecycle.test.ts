import { deferred, Lifecycle, type LifecycleState, lifecycleMachine } from '@troupe/core'
import { expect, it, onTestFinished, vi } from 'vitest'
import { createActor, waitFor } from 'xstate'

/** A resource whose opening and closing are settled by hand. */
function resource() {
  const calls: string[] = []
  const opening = deferred()
  const closing = deferred()
  let aborted: AbortSignal | undefined
  const lifecycle = new Lifecycle({
    what: 'the thing',
    open: ({ signal }) => {
      calls.push('open')
      aborted = signal
      return opening.promise
    },
    close: () => {
      calls.push('close')
      return closing.promise
    },
  })
  const states: LifecycleState[] = [lifecycle.state]
  lifecycle.subscribe((state) => states.push(state))
  return { lifecycle, calls, opening, closing, states, openSignal: () => aborted }
}

it('goes from idle to running to stopped, and opens and closes once', async () => {
  const { lifecycle, calls, opening, closing, states } = resource()
  const started = lifecycle.start()
  opening.resolve()
  await started
  closing.resolve()
  await Promise.all([lifecycle.stop(), lifecycle.stop()])
  await lifecycle.stop()
  expect(states).toEqual(['idle', 'starting', 'running', 'stopping', 'stopped'])
  expect(calls).toEqual(['open', 'close'])
})

it('is not running until it has opened, and not stopped until it has closed', async () => {
  const { lifecycle, opening, closing } = resource()
  const started = lifecycle.start()
  expect(lifecycle.state).toBe('starting')
  expect(() => lifecycle.assertRunning()).toThrow(expect.objectContaining({ code: 'CLOSED' }))
  opening.resolve()
  await started
  expect(() => lifecycle.assertRunning()).not.toThrow()
  const stopped = lifecycle.stop()
  expect(lifecycle.state).toBe('stopping')
  closing.resolve()
  await stopped
  expect(lifecycle.state).toBe('stopped')
})

it('stops when it was never started, without opening', async () => {
  const { lifecycle, calls } = resource()
  await lifecycle.stop()
  expect([lifecycle.state, calls]).toEqual(['stopped', []])
})

it('closes what an opening that failed has left, then rejects with the failure', async () => {
  const { lifecycle, calls, opening, closing, states } = resource()
  const failure = new Error('no port')
  const started = lifecycle.start()
  opening.reject(failure)
  closing.resolve()
  await expect(started).rejects.toBe(failure)
  expect(states).toEqual(['idle', 'starting', 'stopping', 'failed'])
  expect(calls).toEqual(['open', 'close'])
  await expect(lifecycle.running()).rejects.toBe(failure)
  await expect(lifecycle.stop()).resolves.toBeUndefined()
})

it('aborts the opening when it is stopped meanwhile, and tells who waits that it is closed', async () => {
  const { lifecycle, calls, closing, openSignal } = resource()
  const started = lifecycle.start()
  const stopped = lifecycle.stop()
  expect(openSignal()?.aborted).toBe(true)
  closing.resolve()
  await stopped
  await expect(started).rejects.toMatchObject({ code: 'CLOSED', message: 'the thing is closed' })
  expect(calls).toEqual(['open', 'close'])
})

it('keeps the first error of several', async () => {
  const { lifecycle, opening, closing } = resource()
  const first = new Error('first')
  const started = lifecycle.start()
  opening.resolve()
  await started
  lifecycle.fail(first)
  lifecycle.fail(new Error('second'))
  closing.reject(new Error('third'))
  expect(await lifecycle.finished()).toBe('failed')
  expect(lifecycle.error).toBe(first)
})

it('fails with undefined, if that is what was thrown', async () => {
  const { lifecycle, closing } = resource()
  const started = lifecycle.start()
  lifecycle.fail(undefined)
  closing.resolve()
  await expect(started).rejects.toBeUndefined()
  expect(lifecycle.state).toBe('failed')
})

it('fails when it cannot close', async () => {
  const { lifecycle, opening, closing } = resource()
  const failure = new Error('stuck')
  const started = lifecycle.start()
  opening.resolve()
  await started
  closing.reject(failure)
  await lifecycle.stop()
  expect([lifecycle.state, lifecycle.error]).toEqual(['failed', failure])
})

it('does not start again when it has ended, and says nothing on the console', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  onTestFinished(() => warn.mockRestore())
  const { lifecycle, calls } = resource()
  await lifecycle.stop()
  await expect(lifecycle.start()).rejects.toMatchObject({ code: 'CLOSED' })
  lifecycle.fail(new Error('late'))
  await lifecycle.stop()
  expect(calls).toEqual([])
  expect(lifecycle.error).toBeUndefined()
  expect(warn).not.toHaveBeenCalled()
})

it('tells no more to a listener that has ended', async () => {
  const { lifecycle, opening } = resource()
  const seen: LifecycleState[] = []
  const end = lifecycle.subscribe((state) => {
    seen.push(state)
    end()
  })
  const started = lifecycle.start()
  opening.resolve()
  await started
  expect(seen).toEqual(['starting'])
})

it('is a machine of xstate, given what it opens and closes as its input', async () => {
  const did: string[] = []
  const open = async () => void did.push('open')
  const close = async () => void did.push('close')
  const actor = createActor(lifecycleMachine, { input: { open, close } }).start()
  actor.send({ type: 'start' })
  await waitFor(actor, (snapshot) => snapshot.matches('running'))
  actor.send({ type: 'stop' })
  expect((await waitFor(actor, ({ status }) => status === 'done')).value).toBe('stopped')
  expect(did).toEqual(['open', 'close'])
})

it('tells its transitions to an inspector of xstate, from when it is asked to', async () => {
  const { lifecycle, opening } = resource()
  const started = lifecycle.start()
  const seen: unknown[] = []
  const subscription = lifecycle.inspect((event) => {
    if (event.type === '@xstate.snapshot' && 'value' in event.snapshot)
      seen.push([event.event.type, event.snapshot.value])
  })
  opening.resolve()
  await started
  subscription.unsubscribe()
  lifecycle.fail(new Error('too late to be seen'))
  expect(seen).toEqual([['xstate.done.actor.0.lifecycle.starting', 'running']])
})

const STEPS = ['start', 'stop', 'fail', 'opened', 'open_failed', 'closed', 'close_failed'] as const
type Step = (typeof STEPS)[number]

/** What brings it into each of its states, then each thing that may happen there. */
const WAYS: readonly { readonly way: readonly Step[] }[] = [
  [],
  ['start'],
  ['start', 'opened'],
  ['start', 'opened', 'stop'],
  ['start', 'opened', 'fail'],
  ['start', 'opened', 'stop', 'closed'],
  ['start', 'open_failed', 'closed'],
].map((way) => ({ way: way as readonly Step[] }))

/** What the resource does in a step. */
function work({ opening, closing }: Pick<ReturnType<typeof resource>, 'opening' | 'closing'>, step: Step): void {
  const deeds: Partial<Record<Step, () => void>> = {
    opened: () => opening.resolve(),
    open_failed: () => opening.reject(new Error(step)),
    closed: () => closing.resolve(),
    close_failed: () => closing.reject(new Error(step)),
  }
  deeds[step]?.()
}

async function lived(steps: readonly Step[]) {
  const all = resource()
  const { lifecycle } = all
  const tell: Partial<Record<Step, () => void>> = {
    start: () => void lifecycle.start().catch(() => undefined),
    stop: () => void lifecycle.stop(),
    fail: () => lifecycle.fail(new Error('fail')),
  }
  for (const step of steps) {
    work(all, step)
    tell[step]?.()
    await new Promise(setImmediate)
  }
  return { state: lifecycle.state, error: (lifecycle.error as Error | undefined)?.message }
}

async function livedInXstate(steps: readonly Step[]) {
  const [opening, closing] = [deferred(), deferred()]
  const input = { open: () => opening.promise, close: () => closing.promise }
  const machine = createActor(lifecycleMachine, { input }).start()
  for (const step of steps) {
    work({ opening, closing }, step)
    const isEvent = step === 'start' || step === 'stop' || step === 'fail'
    if (isEvent && machine.getSnapshot().status === 'active') machine.send({ type: step, error: new Error('fail') })
    await new Promise(setImmediate)
  }
  const { value, context } = machine.getSnapshot()
  return { state: value, error: (context.error as Error | undefined)?.message }
}

it.each(WAYS)('goes where its machine goes, after $way, whatever comes then', async ({ way }) => {
  for (const step of STEPS) {
    const steps = [...way, step]
    expect({ steps, ...(await lived(steps)) }).toEqual({ steps, ...(await livedInXstate(steps)) })
  }
})
