import { assertSafeEndpoint, isLocalAddress, parseEndpoints } from '@troupe/core'
import { expect, it } from 'vitest'

const bind = (address: string) => ({ end: 'bind', address })
const connect = (address: string) => ({ end: 'connect', address })

it('takes the default end, unless @ or > says another', () => {
  expect(parseEndpoints('tcp://127.0.0.1:5555', 'bind')).toEqual([bind('tcp://127.0.0.1:5555')])
  expect(parseEndpoints('tcp://127.0.0.1:5555', 'connect')).toEqual([connect('tcp://127.0.0.1:5555')])
  expect(parseEndpoints('@inproc://a', 'connect')).toEqual([bind('inproc://a')])
  expect(parseEndpoints('>inproc://a', 'bind')).toEqual([connect('inproc://a')])
})

it('reads several, with commas', () => {
  expect(parseEndpoints('@tcp://127.0.0.1:*, >ipc:///tmp/x ,inproc://a', 'connect')).toEqual([
    bind('tcp://127.0.0.1:*'),
    connect('ipc:///tmp/x'),
    connect('inproc://a'),
  ])
})

it.each([
  'tcp://127.0.0.1:*',
  'tcp://127.0.0.1:!',
  'tcp://127.0.0.1:[5000-5010]',
  'tcp://*:5555',
  'tcp://eth0:5555',
  'tcp://[::1]:5555',
  'ipc:///tmp/with space/x',
  'ipc://relative',
  'ipc://@abstract',
  'ipc://*',
  'inproc://any name',
])('lets %s be bound', (address) => {
  expect(parseEndpoints(address, 'bind')).toEqual([bind(address)])
})

it.each(['tcp://localhost:1', 'tcp://[::1]:65535', 'tcp://192.168.0.9:0;10.0.0.1:5555', 'ipc://@abstract'])(
  'lets %s be connected',
  (address) => {
    expect(parseEndpoints(address, 'connect')).toEqual([connect(address)])
  },
)

it.each([
  ['', 'bind', 'must begin with tcp://'],
  ['@', 'bind', 'must begin with tcp://'],
  ['nonsense', 'bind', 'must begin with tcp://'],
  ['TCP://127.0.0.1:1', 'bind', 'must begin with tcp://'],
  ['tcp:/127.0.0.1:1', 'bind', 'must begin with tcp://'],
  ['inproc://a,', 'bind', 'must begin with tcp://'],
  ['udp://127.0.0.1:1', 'bind', 'transport udp is not one of tcp, ipc, inproc'],
  ['http://example.com', 'connect', 'transport http is not one of tcp, ipc, inproc'],
  ['tcp://', 'bind', 'needs a host and a port'],
  ['tcp://127.0.0.1', 'bind', 'needs a host and a port'],
  ['tcp://:5555', 'bind', 'needs a host and a port'],
  ['tcp://::1:5555', 'bind', 'needs a host and a port'],
  ['tcp://127.0.0.1:', 'bind', 'needs a host and a port'],
  ['tcp://127.0.0.1 :1', 'bind', 'no white space'],
  ['tcp://127.0.0.1:65536', 'bind', 'port 65536 is not one of 0 to 65535'],
  ['tcp://127.0.0.1:-1', 'bind', 'port -1 is not one of'],
  ['tcp://127.0.0.1:http', 'bind', 'port http is not one of'],
  ['tcp://127.0.0.1:[9-5]', 'bind', 'range of ports [9-5] is empty'],
  ['tcp://127.0.0.1:[1-99999]', 'bind', 'is not one of 0 to 65535'],
  ['tcp://127.0.0.1:*', 'connect', 'only what binds may leave the host or the port open'],
  ['tcp://127.0.0.1:[1-2]', 'connect', 'only what binds'],
  ['tcp://*:5555', 'connect', 'only what binds'],
  ['tcp://127.0.0.1:0', 'connect', 'nothing can connect to port 0'],
  ['ipc://', 'bind', 'ipc:// needs a path'],
  ['ipc://*', 'connect', 'only what binds may leave the path open'],
  ['ipc:///tmp/a\0b', 'bind', 'no zero byte'],
  ['inproc://', 'bind', 'inproc:// needs a name'],
] as const)('refuses %j to %s: %s', (text, end, why) => {
  expect(() => parseEndpoints(text, end)).toThrow(
    expect.objectContaining({
      name: 'InvalidEndpointError',
      code: 'INVALID_ENDPOINT',
      message: expect.stringContaining(why),
      endpoint: expect.any(String),
    }),
  )
})

it('names the endpoint of several that is wrong', () => {
  expect(() => parseEndpoints('inproc://a,@tcp://127.0.0.1', 'bind')).toThrow(/^endpoint "tcp:\/\/127.0.0.1" is not/)
})

it('refuses what is no text', () => {
  for (const wrong of [undefined, null, 5555, {}]) {
    expect(() => parseEndpoints(wrong as unknown as string, 'bind')).toThrow(/must be a string/)
  }
})

it('refuses a path that a unix socket cannot have, counted in bytes', () => {
  const limit = process.platform === 'darwin' ? 103 : 107
  expect(parseEndpoints(`ipc://${'x'.repeat(limit)}`, 'bind')).toHaveLength(1)
  expect(() => parseEndpoints(`ipc://${'x'.repeat(limit + 1)}`, 'bind')).toThrow(`longer than the ${limit} bytes`)
  expect(() => parseEndpoints(`ipc://${'é'.repeat(limit / 2 + 1)}`, 'bind')).toThrow(/longer/)
})

it.each([
  ['tcp://127.0.0.1:1', true],
  ['tcp://127.9.9.9:*', true],
  ['tcp://localhost:1', true],
  ['tcp://[::1]:1', true],
  ['ipc:///tmp/x', true],
  ['inproc://x', true],
  ['tcp://*:1', false],
  ['tcp://0.0.0.0:1', false],
  ['tcp://[::]:1', false],
  ['tcp://eth0:1', false],
  ['tcp://lo:1', false],
  ['tcp://192.168.0.1:1', false],
  ['tcp://127.0.0.1.example.com:1', false],
  ['tcp://127.0.0.1;10.0.0.1:1', false],
])('knows whether %s is of this machine alone: %s', (address, local) => {
  expect(isLocalAddress(address)).toBe(local)
})

it('lets nothing be bound beyond this machine, unless it is told that this is safe', () => {
  const open = parseEndpoints('@tcp://*:5555', 'connect')
  expect(() => assertSafeEndpoint(open, 'the farm', false)).toThrow(
    expect.objectContaining({
      name: 'InsecureEndpointError',
      code: 'INSECURE_ENDPOINT',
      endpoint: 'tcp://*:5555',
      message: expect.stringMatching(/^the farm would listen on tcp:\/\/\*:5555.*127\.0\.0\.1.*`insecure: true`/),
    }),
  )
  expect(() => assertSafeEndpoint(open, 'the farm', true)).not.toThrow()
  const outward = parseEndpoints('tcp://example.com:5555,@tcp://127.0.0.1:*', 'connect')
  expect(() => assertSafeEndpoint(outward, 'the farm', false)).not.toThrow()
})
