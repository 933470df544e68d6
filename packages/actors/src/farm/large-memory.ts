/**
 * Large blocks of memory, used again and again.
 *
 * glibc maps a block of 128 KiB or more anew each time and gives it back when it is freed: the kernel then makes each of its
 * pages again, which costs several times what is done with them. The bound follows the largest block that was mapped and
 * freed, up to 32 MiB (mallopt(3), M_MMAP_THRESHOLD), so one block that nobody touches sets it. Where another allocator
 * is, this does nothing.
 */
const JUST_BELOW_THE_MOST = 31 << 20

let isDone = false

/** Says that large blocks come and go from now on. */
export function reuseLargeMemory(): void {
  if (isDone) return
  isDone = true
  Buffer.allocUnsafeSlow(JUST_BELOW_THE_MOST)
}
