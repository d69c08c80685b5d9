/** A bijection of 32 bits in which every bit of the value moves about half of the result's. SOURCE: `fmix32` of MurmurHash3 (A. Appleby, public domain). Not for secrets. */
export function fmix32(value: number): number {
  let mixed = value | 0
  mixed ^= mixed >>> 16
  mixed = Math.imul(mixed, 0x85ebca6b)
  mixed ^= mixed >>> 13
  mixed = Math.imul(mixed, 0xc2b2ae35)
  return mixed ^ (mixed >>> 16)
}
