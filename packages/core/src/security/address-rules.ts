/**
 * Which addresses may connect, as czmq's zauth has it: who is in the allow list, if there is one, and else who is not in the deny list.
 */
import { BlockList, isIP } from 'node:net'
import { InvalidOptionsError } from '../errors.js'

export class AddressRules {
  #allowed: AddressList | undefined
  readonly #denied = new AddressList()

  /** @throws {InvalidOptionsError} `INVALID_OPTIONS` for what is no address or subnet */
  allow(addresses: readonly string[]): void {
    if (addresses.length > 0) this.#allowed ??= new AddressList()
    for (const address of addresses) this.#allowed?.add(address)
  }

  /** @throws {InvalidOptionsError} `INVALID_OPTIONS` for what is no address or subnet */
  deny(addresses: readonly string[]): void {
    for (const address of addresses) this.#denied.add(address)
  }

  /** Why an address as ZAP has it may not connect. */
  against(address: string): string | undefined {
    // libzmq says of ipc on Linux whose process it is.
    const plain = address.startsWith('localhost:') ? 'localhost' : address.replace(/^::ffff:(?=\d+\.)/, '')
    if (this.#allowed !== undefined)
      return this.#allowed.has(plain) ? undefined : 'its address is not in the allow list'
    return this.#denied.has(plain) ? 'its address is in the deny list' : undefined
  }
}

class AddressList {
  readonly #blocks = new BlockList()
  #localhost = false

  add(address: string): void {
    const [host = '', prefix, more] = address.split('/')
    const family = isIP(host) === 6 ? 'ipv6' : 'ipv4'
    const bits = Number(prefix)
    const isSubnet = prefix !== undefined && /^\d+$/.test(prefix) && bits <= (family === 'ipv6' ? 128 : 32)
    if (address === 'localhost') this.#localhost = true
    else if (isIP(host) === 0 || more !== undefined || (prefix !== undefined && !isSubnet)) {
      const message = `${JSON.stringify(address)} is not an IP address, a subnet as 10.0.0.0/8, or localhost for ipc`
      throw new InvalidOptionsError('an authenticator', [{ path: '', message }])
    } else if (prefix === undefined) this.#blocks.addAddress(host, family)
    else this.#blocks.addSubnet(host, bits, family)
  }

  has(address: string): boolean {
    if (address === 'localhost') return this.#localhost
    const version = isIP(address)
    return version !== 0 && this.#blocks.check(address, version === 6 ? 'ipv6' : 'ipv4')
  }
}
