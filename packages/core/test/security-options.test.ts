/**
 * What the option `security` says of what it does not take.
 */
import { Certificate, parseOptions, Security, SocketOptions, ZMQAuthenticator } from '@troupe/core'
import { describe, expect, it } from 'vitest'

const certificate = Certificate.generate()
const TRUSTED =
  'a Certificate, several, a CertificateStore, the path of a file or folder, or, of who listens, a ZMQAuthenticator or "anyone"'

function issuesOf(security: unknown) {
  try {
    parseOptions(SocketOptions, { security }, 'a socket')
  } catch (error) {
    return (error as { issues: unknown }).issues
  }
  return []
}

describe('the security of a socket says', () => {
  it('that trust is wanted, and what it may be', () => {
    expect(issuesOf({ certificate })).toEqual([
      { path: 'security.trust', message: `is wanted, and must be ${TRUSTED}` },
    ])
    expect(issuesOf({ certificate, trust: 5 })).toEqual([{ path: 'security.trust', message: `must be ${TRUSTED}` }])
  })

  it.each([
    [{ trust: certificate, certficate: certificate }, 'security', 'Unrecognized key: "certficate"'],
    [{ trust: certificate, certificate: 7 }, 'security.certificate', 'must be a Certificate or the path of its file'],
    [{ mechanism: 'curve', trust: certificate }, 'security.mechanism', '"plain"|"null"'],
    [{ mechanism: 'null' }, 'security.trust', 'must be a ZMQAuthenticator'],
    [{ mechanism: 'plain', username: 'ann' }, 'security.password', 'expected string'],
    [{ username: 'ann', password: 'x' }, 'security.mechanism', 'expected "plain"'],
    ['trusted', 'security', 'expected object'],
  ])('what is wrong in the way that is meant: %#', (security, path, message) => {
    expect(issuesOf(security)).toContainEqual({ path, message: expect.stringContaining(message) })
  })

  it('nothing of each way that there is', async () => {
    await using guard = new ZMQAuthenticator()
    for (const security of [
      { trust: certificate },
      { certificate: 'path', trust: guard },
      { mechanism: 'null', trust: guard },
      { mechanism: 'plain', trust: guard },
      { mechanism: 'plain', username: 'ann', password: '' },
    ] as Security[]) {
      expect(parseOptions(Security, security, 'a socket')).toEqual(security)
    }
  })
})
