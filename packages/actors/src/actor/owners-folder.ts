/** The environment variable that tells a new process what to remove if its owner dies before it has said anything. */
export const OWNERS_FOLDER = 'TROUPE_OWNERS_FOLDER'
