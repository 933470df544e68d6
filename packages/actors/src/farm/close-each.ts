/**
 * Closing several things, each whatever becomes of the others.
 */

/** Closes one after the other, also behind one that fails. @throws the first failure */
export async function closeEach(closings: readonly (() => unknown)[]): Promise<void> {
  const failures: unknown[] = []
  for (const close of closings) {
    try {
      await close()
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}
