/**
 * What is raised when snapshots are to be kept of code that has none.
 */
import { InvalidOptionsError } from '@troupe/core/kernel'
import type { CodeKind } from './code.js'

export const notPersistent = (name: string, kind: CodeKind): InvalidOptionsError =>
  new InvalidOptionsError(`actor ${name}`, [
    { path: 'persist', message: `keeps snapshots of machines: a ${kind} has none` },
  ])
