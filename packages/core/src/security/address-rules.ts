/**
 * Which addresses may connect, as czmq's zauth has it: who is in the allow list, if there is one, and else who is not in the deny list.
 */
import { BlockList, isIP } from 'node:net'
import { InvalidOptionsError } from '../errors.js'

export class AddressRules {
  #allowed: AddressList | undefined
  readonly #denied = new AddressList()

  /** All of them or, when one is wrong, none. @throws {InvalidOptionsError} `INVALID_OPTIONS` for what is no address or subnet */
  allow(addresses: readonly string[]): void {
    const rules = addresses.map(parseRule)
    if (rules.length > 0) this.#allowed ??= new AddressList()
    for (const rule of rules) this.#allowed?.add(rule)
  }

  /** All of them or, when one is wrong, none. @throws {InvalidOptionsError} `INVALID_OPTIONS` for what is no address or subnet */
  deny(addresses: readonly string[]): void {
    const rules = addresses.map(parseRule)
    for (const rule of rules) this.#denied.add(rule)
  }

  /** Why an address as ZAP has it may not connect. */
  against(address: string): string | undefined {
    // libzmq says of ipc on Linux whose process it is.
    const plain = address.startsWith('localhost:') ? 'localhost' : address.replace(/^::ffff:(?=\d+\.)/i, '')
    if (this.#allowed !== undefined)
      return this.#allowed.has(plain) ? undefined : 'its address is not in the allow list'
    return this.#denied.has(plain) ? 'its address is in the deny list' : undefined
  }
}

type Family = 'ipv4' | 'ipv6'
type Rule = 'localhost' | { readonly host: string; readonly family: Family; readonly bits?: number }

function parseRule(address: string): Rule {
  if (address === 'localhost') return 'localhost'
  const [host = '', prefix, more] = String(address).split('/')
  const version = isIP(host)
  const family = version === 6 ? 'ipv6' : 'ipv4'
  if (version !== 0 && prefix === undefined) return { host, family }
  const bits = Number(prefix)
  if (version !== 0 && more === undefined && /^\d+$/.test(prefix ?? '') && bits <= (version === 6 ? 128 : 32)) {
    return { host, family, bits }
  }
  const message = `${JSON.stringify(address)} is not an IP address, a subnet as 10.0.0.0/8, or localhost for ipc`
  throw new InvalidOptionsError('an authenticator', [{ path: '', message }])
}

class AddressList {
  readonly #blocks = new BlockList()
  #localhost = false

  add(rule: Rule): void {
    if (rule === 'localhost') this.#localhost = true
    else if (rule.bits === undefined) this.#blocks.addAddress(rule.host, rule.family)
    else this.#blocks.addSubnet(rule.host, rule.bits, rule.family)
  }

  has(address: string): boolean {
    if (address === 'localhost') return this.#localhost
    const version = isIP(address)
    return version !== 0 && this.#blocks.check(address, version === 6 ? 'ipv6' : 'ipv4')
  }
}
