/** What Node's report that it ran out of memory is called, in the folder of a process. */
export const MEMORY_REPORT = 'memory.json'

/** The environment variable that tells a new process what to remove if its owner dies before it has said anything. */
export const OWNERS_FOLDER = 'TROUPE_OWNERS_FOLDER'

/** The one that tells it who its owner is: where that is dead before it is loaded, its parent is another. */
export const OWNERS_PID = 'TROUPE_OWNERS_PID'
