import { failure, ok, type Random, type Result } from '@signalbox/base'
import type { Disk, DiskError, DiskFile } from '../ports.ts'

/** A power cut keeps or loses a file's unsynced bytes in pieces of this size. */
const SECTOR_BYTES = 512

interface Content {
  bytes: Uint8Array
  length: number
  /** Durable: what a power cut leaves at least. */
  durable: Uint8Array
  /** Writes since the last sync. */
  unsynced: { offset: number; bytes: Uint8Array }[]
}

/**
 * A disk in memory that is as bad as the port allows: a power cut keeps any of the unsynced sectors, of any writes, in any order, and any of
 * the unsynced names; after a failed sync the file's unsynced bytes are never durable, although they read back. For tests.
 */
export class SimulatedDisk implements Disk {
  readonly #random: Random
  #names = new Map<string, Content>()
  #durableNames = new Map<string, Content>()
  /** Bytes of all files; writes beyond it fail with 'full'. */
  bytesMax = Infinity
  /** Calls still to come that fail with 'io'. */
  readonly failing = { writes: 0, syncs: 0, reads: 0, creates: 0 }
  /** Calls that change something, counted; the one with this number ends the world. */
  operations = 0
  crashAt = Infinity

  constructor(random: Random) {
    this.#random = random
  }

  list(): Result<readonly string[], DiskError> {
    return ok([...this.#names.keys()])
  }

  size(name: string): Result<number, DiskError> {
    const content = this.#names.get(name)
    return content === undefined ? missing(name) : ok(content.length)
  }

  read(name: string, offset: number, length: number): Result<Uint8Array, DiskError> {
    if (this.#fails('reads')) return io('read', name)
    const content = this.#names.get(name)
    return content === undefined ? missing(name) : ok(content.bytes.slice(offset, Math.min(offset + length, content.length)))
  }

  create(name: string): Result<DiskFile, DiskError> {
    this.#step()
    if (this.#fails('creates')) return io('create', name)
    const content: Content = { bytes: new Uint8Array(64), length: 0, durable: new Uint8Array(0), unsynced: [] }
    this.#names.set(name, content)
    return ok({
      write: (bytes) => this.#write(name, content, bytes),
      sync: () => this.#sync(name, content),
      close: () => undefined,
    })
  }

  sync(name: string): Result<void, DiskError> {
    const content = this.#names.get(name)
    return content === undefined ? missing(name) : this.#sync(name, content)
  }

  rename(from: string, to: string): Result<void, DiskError> {
    this.#step()
    const content = this.#names.get(from)
    if (content === undefined) return missing(from)
    this.#names.delete(from)
    this.#names.set(to, content)
    return ok(undefined)
  }

  remove(name: string): Result<void, DiskError> {
    this.#step()
    this.#names.delete(name)
    return ok(undefined)
  }

  syncFolder(): Result<void, DiskError> {
    this.#step()
    if (this.#fails('syncs')) return io('sync', '.')
    this.#durableNames = new Map(this.#names)
    return ok(undefined)
  }

  /** The disk after the power came back. */
  powerCut(): SimulatedDisk {
    const after = new SimulatedDisk(this.#random)
    for (const name of new Set([...this.#names.keys(), ...this.#durableNames.keys()])) {
      const content = (this.#random.next() < 0.5 ? this.#names : this.#durableNames).get(name)
      if (content !== undefined) after.#names.set(name, this.#survivor(content))
    }
    after.#durableNames = new Map(after.#names)
    return after
  }

  /** The disk as the next process finds it. */
  killed(): SimulatedDisk {
    const after = new SimulatedDisk(this.#random)
    after.#names = this.#names
    after.#durableNames = this.#durableNames
    return after
  }

  /** Damages one byte of a file. */
  flip(name: string, at: number, bits: number): void {
    const content = this.#names.get(name) as Content
    content.bytes[at % content.length] = (content.bytes[at % content.length] as number) ^ bits
  }

  /** Cuts a file off. */
  cut(name: string, length: number): void {
    const content = this.#names.get(name) as Content
    content.length = Math.min(content.length, length)
  }

  get bytes(): number {
    let sum = 0
    for (const content of this.#names.values()) sum += content.length
    return sum
  }

  #write(name: string, content: Content, bytes: Uint8Array): Result<void, DiskError> {
    const isLast = ++this.operations === this.crashAt
    const fails = this.#fails('writes')
    const room = this.bytesMax - this.bytes
    const length = isLast || fails ? Math.floor(this.#random.next() * bytes.length) : Math.min(bytes.length, Math.max(0, room))
    if (content.length + length > content.bytes.length) {
      const grown = new Uint8Array(Math.max(content.length + length, content.bytes.length * 2))
      grown.set(content.bytes)
      content.bytes = grown
    }
    const kept = bytes.slice(0, length)
    content.bytes.set(kept, content.length)
    content.unsynced.push({ offset: content.length, bytes: kept })
    content.length += length
    if (isLast) throw new Crash()
    if (fails) return io('write', name)
    return length < bytes.length ? failure({ code: 'full', message: `write ${name}: no space left` }) : ok(undefined)
  }

  #sync(name: string, content: Content): Result<void, DiskError> {
    this.#step()
    if (this.#fails('syncs')) {
      content.unsynced = content.unsynced.filter(() => this.#random.next() < 0.5)
      const kept = this.#survivor(content)
      content.durable = kept.durable
      content.unsynced = []
      return io('sync', name)
    }
    if (content.unsynced.length === 0) return ok(undefined)
    const first = (content.unsynced[0] as { offset: number }).offset
    const durable = new Uint8Array(Math.max(content.length, content.durable.length))
    durable.set(content.durable)
    // Only what was written since: bytes that a failed sync lost stay lost.
    durable.set(content.bytes.subarray(first, content.length), first)
    content.durable = durable
    content.unsynced = []
    return ok(undefined)
  }

  #survivor(content: Content): Content {
    let bytes = content.durable
    for (const write of content.unsynced) {
      for (let at = 0; at < write.bytes.length; at += SECTOR_BYTES) {
        if (this.#random.next() < 0.4) continue
        const sector = write.bytes.subarray(at, at + Math.ceil(this.#random.next() * SECTOR_BYTES))
        const end = write.offset + at + sector.length
        if (end > bytes.length) {
          const longer = new Uint8Array(end)
          longer.set(bytes)
          bytes = longer
        }
        bytes.set(sector, write.offset + at)
      }
    }
    return { bytes: bytes.slice(), length: bytes.length, durable: bytes.slice(), unsynced: [] }
  }

  #step(): void {
    if (++this.operations === this.crashAt) throw new Crash()
  }

  #fails(what: keyof SimulatedDisk['failing']): boolean {
    if (this.failing[what] === 0) return false
    this.failing[what] -= 1
    return true
  }
}

/** The machine stopped within an operation. */
export class Crash extends Error {
  override readonly name = 'Crash'
}

function missing(name: string): Result<never, DiskError> {
  return failure({ code: 'missing', message: `${name}: no such file` })
}

function io(what: string, name: string): Result<never, DiskError> {
  return failure({ code: 'io', message: `${what} ${name}: input/output error` })
}
