declare module 'snappyjs' {
  /** Throws for a block that is not whole, or that says it is longer than `lengthMax` bytes. */
  export function uncompress(block: Uint8Array, lengthMax?: number): Uint8Array<ArrayBuffer>
  export function compress(bytes: Uint8Array): Uint8Array<ArrayBuffer>
}
