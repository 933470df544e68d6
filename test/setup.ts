/**
 * Runs before each file of tests, of which a process takes many.
 */
import { statSync } from 'node:fs'

// Node 20 asks of the path of a module whether it is a socket by what was looked at last. After a socket, as a test of
// ipc may leave it, the packages of the workspace, which are links, would be loaded a second time.
statSync('/')
