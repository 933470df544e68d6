/**
 * A process that says that it has started, after it has imported the module that it was given, and ends.
 */
const [, , module] = process.argv
if (module !== undefined) await import(module)
process.send?.('started')
process.disconnect()
