import { isAlive } from '@troupe/testing/is-alive'
import { expect, it } from 'vitest'
import { until } from './open-actor.js'
import { runOwner } from './run-owner.js'

it('an actor in an endless loop ends when its owner is killed, and leaves no file', async () => {
  const script = `
    import { Actor } from '@troupe/actors/actor'
    const code = { module: new URL('./fixtures/actors.mjs', 'file://' + process.cwd() + '/'), export: 'dies' }
    const actor = await Actor.start(code, 'loop', { isolation: 'process' })
    console.log(await actor.receive())
    await actor.send('now')
    setInterval(() => undefined, 1_000)
  `
  const owner = runOwner([], ['--input-type=module', '-e', script])
  const pid = Number(await owner.line)
  owner.child.kill('SIGKILL')
  await owner.ended
  expect(isAlive(pid)).toBe(true)
  await until(() => !isAlive(pid))
  await until(() => owner.files().length === 0)
})
