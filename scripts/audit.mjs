/**
 * `npm run check:audit`: asks the registry for known vulnerabilities of what is installed with the packages that are published. Fails on moderate ones
 * and worse, and on what it cannot read; a registry that does not answer such questions is said not to, and is no failure.
 * Arguments go to pnpm, as `--config.registry=https://...`.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { productionGraph } from './production-graph.mjs'
import { manifestOf, ROOT } from './workspace.mjs'

const SEVERITIES = ['moderate', 'high', 'critical']
const LIMIT_MS = 120_000
/** The registry, or the way to it, is not there for this. */
const UNANSWERED =
  /ERR_PNPM_AUDIT_BAD_RESPONSE|npm error code E(NOTFOUND|AI_AGAIN|CONN\w+|TIMEDOUT|HOSTUNREACH|NETUNREACH)/

/**
 * @typedef {object} Advisory
 * @property {string} module_name
 * @property {string} severity
 * @property {string} title
 * @property {string} url
 */

/**
 * What is to be said of pnpm's answer, and whether it is a failure.
 *
 * @param {string} answer
 * @param {string} complaint what it wrote to stderr
 * @param {ReadonlySet<string>} installed the packages that count: pnpm asks for those of benchmarks, too
 * @returns {{ isFailure: boolean, lines: string[] }}
 */
export function judge(answer, complaint, installed) {
  /** @type {{ advisories?: Record<string, Advisory> }} */
  let parsed = {}
  try {
    parsed = JSON.parse(answer)
  } catch {}
  if (parsed.advisories === undefined) {
    const words = `${answer}${complaint}`.trim()
    const isFailure = !UNANSWERED.test(words)
    return { isFailure, lines: [isFailure ? 'The audit failed:' : 'NOT AUDITED: the registry does not answer.', words] }
  }
  const bad = Object.values(parsed.advisories).filter(
    ({ module_name, severity }) => installed.has(module_name) && SEVERITIES.includes(severity),
  )
  const lines = bad.map(({ module_name, severity, title, url }) => `${module_name}: ${severity}: ${title} (${url})`)
  return { isFailure: bad.length > 0, lines: [...lines, `${installed.size} packages, ${bad.length} vulnerabilities`] }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { packageManager = 'pnpm' } = manifestOf(ROOT)
  const args = ['--yes', packageManager, 'audit', '--prod', '--json', ...process.argv.slice(2)]
  const isWindows = process.platform === 'win32'
  const options = /** @type {const} */ ({ cwd: ROOT, encoding: 'utf8', timeout: LIMIT_MS, maxBuffer: 2 ** 26 })
  const { stdout, stderr, error } = spawnSync(isWindows ? 'npx.cmd' : 'npx', args, { ...options, shell: isWindows })
  const hasTakenTooLong = /** @type {NodeJS.ErrnoException | undefined} */ (error)?.code === 'ETIMEDOUT'
  const complaint = hasTakenTooLong ? 'npm error code ETIMEDOUT' : `${error ?? ''}${stderr ?? ''}`
  const { isFailure, lines } = judge(stdout ?? '', complaint, new Set(productionGraph().map(({ name }) => name)))
  console.log(lines.join('\n'))
  process.exitCode = isFailure ? 1 : 0
}
