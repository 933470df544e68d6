import { Supervisor } from '@troupe/actors/supervisor'
import { expect, it } from 'vitest'

it('spares of a supervisor that is not the root are refused by their path, as nobody would keep them', async () => {
  await using root = await Supervisor.start()
  const branch = root.startChild({ id: 'branch', start: () => Supervisor.start({ spares: 1 }) })
  await expect(branch).rejects.toMatchObject({ code: 'INVALID_OPTIONS', issues: [{ path: 'spares' }] })
  expect(root.children()).toEqual([])
})
