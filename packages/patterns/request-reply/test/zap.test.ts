/**
 * 27/ZAP: what the authenticator of a domain answers to requests as libzmq, proxies and strangers make them.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Certificate, type Logger, ZMQAuthenticator } from '@troupe/core'
import { ZMQRequest } from '@troupe/request-reply'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import * as zeromq from 'zeromq'

const ZAP = 'inproc://zeromq.zap.01'
const known = Certificate.generate({
  name: 'Ann',
  'Socket-Type': 'PUB',
  Identity: 'other',
  'a/b': 'x',
  constructor: 'y',
})
const stranger = Certificate.generate()

type Options = ConstructorParameters<typeof ZMQAuthenticator>[0]

/** An authenticator of the domain `test`, until the test ends. */
async function guarding(options: Options = {}): Promise<ZMQAuthenticator> {
  const guard = new ZMQAuthenticator({ domain: 'test', ...options })
  onTestFinished(() => guard.close())
  await guard.ready()
  return guard
}

/** The bytes of a key, as RFC 32 has Z85. */
function keyOf({ publicKey: text }: Certificate): Buffer {
  const digits = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#'
  const bytes = Buffer.alloc(32)
  for (let word = 0; word < 8; word++) {
    const five = [...text.slice(5 * word, 5 * word + 5)]
    bytes.writeUInt32BE(
      five.reduce((sum, digit) => sum * 85 + digits.indexOf(digit), 0),
      4 * word,
    )
  }
  return bytes
}

type Frame = string | Buffer
const request = (address: string, mechanism: string, ...credentials: Frame[]): Frame[] => [
  '1.0',
  'id 7',
  'test',
  address,
  'identity',
  mechanism,
  ...credentials,
]

/** What a REQ is answered. */
async function ask(frames: Frame[]): Promise<Buffer[]> {
  await using req = new ZMQRequest(ZAP, { codec: 'frames' })
  await req.send(frames)
  return ((await req.receive({ timeoutMs: 10_000 })) as Uint8Array[]).map((frame) => Buffer.from(frame))
}

const statusOf = async (frames: Frame[]): Promise<string> => String((await ask(frames))[2])
const deniedNone = { address: 0, credentials: 0, limit: 0, malformed: 0 }

/** A logger that keeps what it is told. */
function keeper() {
  const lines: { level: string; text: string; [fact: string]: unknown }[] = []
  const at = (level: string) => (facts: object, text: string) => void lines.push({ level, text, ...facts })
  const log = { child: () => log, info: at('info'), warn: at('warn'), error: at('error') }
  return { lines, log: log as unknown as Logger }
}

describe('a reply (27/ZAP)', () => {
  it('has version 1.0, the id of the request as it came, a status, a text, the user and its metadata', async () => {
    await guarding({ curve: known })
    const id = Buffer.from([0, 255, 1])
    const frames = request('127.0.0.1', 'CURVE', keyOf(known)).with(1, id)
    const [version, echoed, status, text, user, metadata, ...more] = await ask(frames)
    expect([version, status, text, user].map(String)).toEqual(['1.0', '200', 'OK', known.publicKey])
    expect(echoed).toEqual(id)
    expect(more).toEqual([])
    // Names that libzmq takes for its own, and those that ZMTP does not have, are left out.
    const property = (name: string, value: string) =>
      `${String.fromCharCode(name.length)}${name}\0\0\0${String.fromCharCode(value.length)}${value}`
    expect(String(metadata)).toBe('\x04Name\0\0\0\x03Ann'.replace('Name', 'name') + property('constructor', 'y'))
  })

  it('to who is refused has no user and no metadata', async () => {
    await guarding({ curve: known })
    const [, , status, , user, metadata] = await ask(request('127.0.0.1', 'CURVE', keyOf(stranger)))
    expect([status, user, metadata].map(String)).toEqual(['400', '', ''])
  })

  it('has a text of 255 ASCII characters at most', async () => {
    const name = join(tmpdir(), `${'ä'.repeat(100)}`)
    await guarding({ plain: name })
    const [, , status, text] = await ask(request('127.0.0.1', 'PLAIN', 'ann', 'x'))
    expect(String(status)).toBe('400')
    expect(String(text)).toMatch(/^the passwords cannot be read: [ -~]+$/)
    expect(text!.length).toBeLessThanOrEqual(255)
  })

  it('of NULL is 200 for all that may come by address, of PLAIN and CURVE 400 where they are not offered', async () => {
    const guard = await guarding()
    expect(await statusOf(request('10.1.2.3', 'NULL'))).toBe('200')
    expect(await statusOf(request('10.1.2.3', 'PLAIN', 'ann', 'x'))).toBe('400')
    expect(await statusOf(request('10.1.2.3', 'CURVE', keyOf(known)))).toBe('400')
    expect(guard.stats).toEqual({ allowed: 1, denied: { ...deniedNone, credentials: 2 } })
  })

  it('of a domain that nobody has is 400, and of an authenticator that was closed too', async () => {
    const guard = await guarding()
    await using other = new ZMQAuthenticator({ domain: 'other' })
    await other.ready()
    expect(await statusOf(request('127.0.0.1', 'NULL').with(2, 'nobody'))).toBe('400')
    expect(await statusOf(request('127.0.0.1', 'NULL').with(2, ''))).toBe('400')
    await guard.close()
    expect(await statusOf(request('127.0.0.1', 'NULL'))).toBe('400')
    expect(await statusOf(request('127.0.0.1', 'NULL').with(2, 'other'))).toBe('200')
  })

  it('goes back over as many hops as the request came', async () => {
    await guarding()
    const dealer = new zeromq.Dealer({ linger: 0 })
    onTestFinished(() => dealer.close())
    dealer.connect(ZAP)
    await dealer.send(['hop 1', 'hop 2', '', ...request('127.0.0.1', 'NULL')])
    expect((await dealer.receive()).map(String).slice(0, 6)).toEqual(['hop 1', 'hop 2', '', '1.0', 'id 7', '200'])
  })
})

describe('a request that is none is answered 500, counted, and the next one is answered (27/ZAP)', () => {
  const long = 'x'.repeat(256)
  it.each<[what: string, frames: Frame[]]>([
    ['of one frame', ['1.0']],
    ['of too few frames', request('127.0.0.1', 'NULL').slice(0, 5)],
    ['of another version', request('127.0.0.1', 'NULL').with(0, '2.0')],
    ['without a version', request('127.0.0.1', 'NULL').with(0, '')],
    ['of an unknown mechanism', request('127.0.0.1', 'GSSAPI', 'x')],
    ['of a mechanism that is a name of JavaScript', request('127.0.0.1', 'constructor')],
    ['without a mechanism', request('127.0.0.1', '')],
    ['of NULL with credentials', request('127.0.0.1', 'NULL', 'x')],
    ['of PLAIN without a password', request('127.0.0.1', 'PLAIN', 'ann')],
    ['of PLAIN with three credentials', request('127.0.0.1', 'PLAIN', 'ann', 'x', 'y')],
    ['of CURVE without a key', request('127.0.0.1', 'CURVE')],
    ['of CURVE with a key of 31 bytes', request('127.0.0.1', 'CURVE', Buffer.alloc(31))],
    ['of CURVE with a key in Z85', request('127.0.0.1', 'CURVE', known.publicKey)],
    ['of CURVE with two keys', request('127.0.0.1', 'CURVE', keyOf(known), keyOf(known))],
    ['with a longer version than strings may be', request('127.0.0.1', 'NULL').with(0, long)],
    ['with a longer address', request(long, 'NULL')],
    ['with a longer identity', request('127.0.0.1', 'NULL').with(4, long)],
    ['with a longer mechanism', request('127.0.0.1', long)],
    ['with a longer name', request('127.0.0.1', 'PLAIN', long, 'x')],
    ['with a giant password', request('127.0.0.1', 'PLAIN', 'ann', Buffer.alloc(2 ** 24))],
    ['of very many frames', request('127.0.0.1', 'NULL', ...Array<string>(10_000).fill(''))],
  ])('%s, and the process goes on', async (_, frames) => {
    const { log, lines } = keeper()
    const guard = await guarding({ curve: 'anyone', plain: { ann: 'x' }, log })
    const [version, id, status, text, user] = await ask(frames)
    expect([version, status, user].map(String)).toEqual(['1.0', '500', ''])
    expect(String(id)).toBe(frames.length > 1 ? 'id 7' : '')
    expect(text!.length).toBeLessThanOrEqual(255)
    // Whose domain it was is known from three frames on.
    expect(guard.stats).toEqual({ allowed: 0, denied: { ...deniedNone, malformed: frames.length > 2 ? 1 : 0 } })
    expect(JSON.stringify(lines).length).toBeLessThan(1_000)
    expect(await statusOf(request('127.0.0.1', 'NULL'))).toBe('200')
  })

  it('without a delimiter, too', async () => {
    const guard = await guarding()
    const dealer = new zeromq.Dealer({ linger: 0 })
    onTestFinished(() => dealer.close())
    dealer.connect(ZAP)
    await dealer.send(request('127.0.0.1', 'NULL'))
    expect((await dealer.receive()).map(String).slice(0, 4)).toEqual(['', '1.0', 'id 7', '500'])
    expect(guard.stats.denied.malformed).toBe(1)
  })
})

describe('rules of addresses', () => {
  const isLetIn = async (address: string) => (await statusOf(request(address, 'NULL'))) === '200'

  it.each<[rule: string, others: string[], not: string[]]>([
    ['10.0.0.66', ['10.0.0.66', '::ffff:10.0.0.66'], ['10.0.0.6', '10.0.0.67', '', 'localhost:0:0:1', '::1']],
    ['10.0.0.0/8', ['10.0.0.1', '10.255.255.255', '::ffff:10.1.1.1'], ['11.0.0.0', '9.255.255.255']],
    ['0.0.0.0/0', ['1.2.3.4', '255.255.255.255'], ['::1', 'localhost:0:0:1', 'garbage']],
    ['::1', ['::1', '0:0:0:0:0:0:0:1'], ['::2', '127.0.0.1']],
    ['fe80::/10', ['fe80::1', 'fe80::1%eth0'], ['2001:db8::1']],
    ['::ffff:10.0.0.0/104', ['10.0.0.1', '::ffff:10.0.0.1'], ['11.0.0.1']],
    ['localhost', ['localhost:1000:1000:42', 'localhost:0:0:1'], ['127.0.0.1', '::1', 'localhost.example', '']],
  ])('%s is for these and no others, allowed and denied', async (rule, these, others) => {
    const allowing = await guarding({ allow: [rule] })
    for (const address of these) expect(await isLetIn(address), `allowed: ${address}`).toBe(true)
    for (const address of others) expect(await isLetIn(address), `not allowed: ${address}`).toBe(false)
    expect(allowing.stats.denied.address).toBe(others.length)
    await allowing.close()
    await guarding({ deny: [rule] })
    for (const address of these) expect(await isLetIn(address), `denied: ${address}`).toBe(false)
    for (const address of others) expect(await isLetIn(address), `not denied: ${address}`).toBe(true)
  })

  it('of an allow list make the deny list count no more', async () => {
    await guarding({ allow: ['10.0.0.0/8'], deny: ['10.0.0.66'] })
    expect(await isLetIn('10.0.0.66')).toBe(true)
    expect(await isLetIn('11.0.0.1')).toBe(false)
  })

  it('let in nobody who does not authenticate', async () => {
    const guard = await guarding({ allow: ['10.0.0.1'], curve: known, plain: { ann: 'x' } })
    expect(await statusOf(request('10.0.0.1', 'CURVE', keyOf(stranger)))).toBe('400')
    expect(await statusOf(request('10.0.0.1', 'PLAIN', 'ann', 'wrong'))).toBe('400')
    expect(await statusOf(request('10.0.0.2', 'CURVE', keyOf(known)))).toBe('400')
    expect(await statusOf(request('10.0.0.1', 'CURVE', keyOf(known)))).toBe('200')
    expect(guard.stats).toEqual({ allowed: 1, denied: { ...deniedNone, address: 1, credentials: 2 } })
  })

  it('that are added count for who asks next, and none of them when one is wrong', async () => {
    const guard = await guarding()
    expect(() => guard.allow('10.0.0.1', 'garbage')).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
    expect(() => guard.deny('11.0.0.1', '11.0.0.0/64')).toThrow(expect.objectContaining({ code: 'INVALID_OPTIONS' }))
    expect(await isLetIn('11.0.0.1')).toBe(true)
    guard.deny('11.0.0.1')
    expect(await isLetIn('11.0.0.1')).toBe(false)
    expect(await isLetIn('12.0.0.1')).toBe(true)
    guard.allow('11.0.0.1')
    expect(await isLetIn('11.0.0.1')).toBe(true)
    expect(await isLetIn('12.0.0.1')).toBe(false)
  })

  it('are not made of an empty list, which could mean nobody', () => {
    expect(() => new ZMQAuthenticator({ allow: [] })).toThrow(
      expect.objectContaining({ code: 'INVALID_OPTIONS', message: expect.stringContaining('allow') }),
    )
  })
})

describe('the users of PLAIN', () => {
  const isLetIn = async (name: Frame, password: Frame) =>
    (await statusOf(request('127.0.0.1', 'PLAIN', name, password))) === '200'

  it('stand in a file that is read again when it changes; where it is missing all are refused', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'troupe-test-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const path = join(folder, 'passwords')
    await guarding({ plain: path })
    expect(await isLetIn('ann', 'one')).toBe(false)
    await writeFile(path, '# users\nann = one\r\n  bob=t=w=o  \nempty =\n= nobody\nnothing\n')
    expect(await isLetIn('ann', 'one')).toBe(true)
    expect(await isLetIn('bob', 't=w=o')).toBe(true)
    expect(await isLetIn('empty', '')).toBe(true)
    for (const [name, password] of [
      ['ann', 'One'],
      ['ann', ''],
      ['# users', ''],
      ['', 'nobody'],
      ['nothing', ''],
    ] as const) {
      expect(await isLetIn(name, password), `${name}: ${password}`).toBe(false)
    }
    await writeFile(path, 'ann = two\n')
    expect(await isLetIn('ann', 'one')).toBe(false)
    expect(await isLetIn('ann', 'two')).toBe(true)
    await rm(path)
    expect(await isLetIn('ann', 'two')).toBe(false)
  })

  it.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])(
    'may be called %s, and need their password',
    async (name) => {
      const folder = await mkdtemp(join(tmpdir(), 'troupe-test-'))
      onTestFinished(() => rm(folder, { recursive: true, force: true }))
      const given = await guarding({ plain: { ann: 'x' } })
      for (const password of ['', 'undefined', 'x', String({}.constructor)]) {
        expect(await isLetIn(name, password)).toBe(false)
      }
      await given.close()
      await writeFile(join(folder, 'passwords'), `${name} = right\n`)
      await guarding({ plain: join(folder, 'passwords') })
      expect(await isLetIn(name, 'wrong')).toBe(false)
      expect(await isLetIn(name, 'right')).toBe(true)
    },
  )
})

describe('the keys of CURVE', () => {
  const statusOfKey = (certificate: Certificate) => statusOf(request('127.0.0.1', 'CURVE', keyOf(certificate)))

  it('lie in a folder that is read again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'troupe-test-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    await guarding({ curve: folder })
    expect(await statusOfKey(known)).toBe('400')
    await known.savePublic(join(folder, 'known'))
    expect(await statusOfKey(known)).toBe('200')
    await rm(join(folder, 'known'))
    expect(await statusOfKey(known)).toBe('400')
    await known.savePublic(join(folder, 'known'))
    expect(await statusOfKey(known)).toBe('200')
    await rm(folder, { recursive: true })
    expect(await statusOfKey(known)).toBe('400')
  })

  it('are of anyone where anyone is trusted', async () => {
    await guarding({ curve: 'anyone' })
    const [, , status, , user] = await ask(request('127.0.0.1', 'CURVE', keyOf(stranger)))
    expect([status, user].map(String)).toEqual(['200', stranger.publicKey])
  })
})

describe('what is logged', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('is each refusal, and with verbose each decision, with its reason and who it was, and no password', async () => {
    const { log, lines } = keeper()
    await guarding({ verbose: true, plain: { ann: 'pass-word-1' }, curve: known, deny: ['10.0.0.66'], log })
    await ask(request('10.0.0.1', 'PLAIN', 'ann', 'pass-word-1'))
    await ask(request('10.0.0.1', 'PLAIN', 'ann', 'pass-word-2'))
    await ask(request('10.0.0.1', 'CURVE', keyOf(stranger)))
    await ask(request('10.0.0.66', 'NULL'))
    await ask(request('10.0.0.1', 'PLAIN', 'pass-word-3'))
    const facts = (mechanism: string, address = '10.0.0.1') => ({ domain: 'test', mechanism, address })
    expect(lines).toEqual([
      { level: 'info', text: 'a peer may connect', ...facts('PLAIN'), username: 'ann' },
      {
        ...{ level: 'warn', text: 'a peer may not connect', ...facts('PLAIN') },
        ...{ username: 'ann', why: 'its name or password is wrong' },
      },
      {
        ...{ level: 'warn', text: 'a peer may not connect', ...facts('CURVE') },
        ...{ publicKey: stranger.publicKey, why: 'its key is not trusted' },
      },
      {
        ...{ level: 'warn', text: 'a peer may not connect', ...facts('NULL', '10.0.0.66') },
        why: 'its address is in the deny list',
      },
      {
        ...{ level: 'warn', text: 'a peer may not connect', domain: 'test' },
        why: 'it has 1 frames of credentials for "PLAIN", or wrong ones',
      },
    ])
    expect(JSON.stringify(lines)).not.toContain('pass-word')
  })

  it('is nothing of who is let in without verbose', async () => {
    const { log, lines } = keeper()
    await guarding({ log })
    expect(await statusOf(request('10.0.0.1', 'NULL'))).toBe('200')
    expect(lines).toEqual([])
  })

  it('in a flood is ten lines a second, and then how many were left out', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const { log, lines } = keeper()
    const guard = await guarding({ log })
    for (let n = 0; n < 25; n++) await ask(request('10.0.0.1', 'PLAIN', 'ann', 'x'))
    expect(lines).toHaveLength(10)
    expect(lines.every((line) => line.notLogged === undefined)).toBe(true)
    vi.advanceTimersByTime(1_000)
    for (let n = 0; n < 25; n++) await ask(request('10.0.0.1', 'PLAIN', 'ann', 'x'))
    expect(lines.slice(10).map(({ notLogged }) => notLogged)).toEqual([15, ...Array(9).fill(undefined)])
    expect(guard.stats.denied.credentials).toBe(50)
  })

  it('of a folder that cannot be read is one error until it can be read again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'troupe-test-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const { log, lines } = keeper()
    await guarding({ curve: folder, log })
    await rm(folder, { recursive: true })
    for (let n = 0; n < 3; n++) await ask(request('10.0.0.1', 'CURVE', keyOf(known)))
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1)
  })
})
