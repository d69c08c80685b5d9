import { closeSync, fdatasyncSync, fsyncSync, mkdirSync, openSync, readdirSync, readSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { failure, ok, type Result } from '@signalbox/base'
import type { Disk, DiskError, DiskFile } from '@signalbox/tsdb'

/** Files kept open for reading: opening one costs as much as reading a megabyte of it. */
const OPEN_FILES_MAX = 64

/**
 * A folder of the machine as the store's disk. Made if it is missing; readable by its owner only. One process writes at a time: that is
 * the owner's to see to. Any number of threads may read, each with a `FolderDisk` of its own.
 */
export class FolderDisk implements Disk {
  readonly #folder: string
  /** Descriptors by name, the least recently used first. */
  readonly #reading = new Map<string, number>()

  private constructor(folder: string) {
    this.#folder = folder
  }

  static open(folder: string): Result<FolderDisk, DiskError> {
    return attempt(`open ${folder}`, () => {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      return new FolderDisk(folder)
    })
  }

  list(): Result<readonly string[], DiskError> {
    return attempt('list the folder', () =>
      readdirSync(this.#folder, { withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => name),
    )
  }

  size(name: string): Result<number, DiskError> {
    return attempt(`size of ${name}`, () => statSync(join(this.#folder, name)).size)
  }

  read(name: string, offset: number, length: number): Result<Uint8Array, DiskError> {
    return attempt(`read ${name}`, () => {
      const file = this.#openForReading(name)
      const bytes = new Uint8Array(length)
      let read = 0
      while (read < length) {
        const count = readSync(file, bytes, read, length - read, offset + read)
        if (count === 0) break
        read += count
      }
      return read === length ? bytes : bytes.subarray(0, read)
    })
  }

  create(name: string): Result<DiskFile, DiskError> {
    return attempt(`create ${name}`, () => {
      this.#forget(name)
      return new FolderFile(name, openSync(join(this.#folder, name), 'w', 0o600))
    })
  }

  sync(name: string): Result<void, DiskError> {
    return attempt(`sync ${name}`, () => this.#synced(name, 'r+'))
  }

  rename(from: string, to: string): Result<void, DiskError> {
    return attempt(`rename ${from}`, () => {
      this.#forget(from)
      this.#forget(to)
      renameSync(join(this.#folder, from), join(this.#folder, to))
    })
  }

  remove(name: string): Result<void, DiskError> {
    return attempt(`remove ${name}`, () => {
      this.#forget(name)
      rmSync(join(this.#folder, name), { force: true })
    })
  }

  syncFolder(): Result<void, DiskError> {
    return attempt('sync the folder', () => this.#synced('', 'r'))
  }

  /** Closes what it keeps open for reading. */
  close(): void {
    for (const name of [...this.#reading.keys()]) this.#forget(name)
  }

  #synced(name: string, flags: 'r' | 'r+'): void {
    const file = openSync(join(this.#folder, name), flags)
    try {
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
  }

  #openForReading(name: string): number {
    const known = this.#reading.get(name)
    this.#reading.delete(name)
    const file = known ?? openSync(join(this.#folder, name), 'r')
    this.#reading.set(name, file)
    const oldest = this.#reading.keys().next().value
    if (this.#reading.size > OPEN_FILES_MAX && oldest !== undefined) this.#forget(oldest)
    return file
  }

  #forget(name: string): void {
    const file = this.#reading.get(name)
    if (file === undefined) return
    this.#reading.delete(name)
    closeSync(file)
  }
}

class FolderFile implements DiskFile {
  readonly #name: string
  readonly #file: number

  constructor(name: string, file: number) {
    this.#name = name
    this.#file = file
  }

  write(bytes: Uint8Array): Result<void, DiskError> {
    return attempt(`write ${this.#name}`, () => {
      for (let written = 0; written < bytes.length; ) written += writeSync(this.#file, bytes, written, bytes.length - written)
    })
  }

  sync(): Result<void, DiskError> {
    return attempt(`sync ${this.#name}`, () => fdatasyncSync(this.#file))
  }

  close(): void {
    // What a close could still tell of, only a sync can be trusted with.
    attempt(`close ${this.#name}`, () => closeSync(this.#file))
  }
}

function attempt<T>(what: string, act: () => T): Result<T, DiskError> {
  try {
    return ok(act())
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
    const code = error.code === 'ENOSPC' || error.code === 'EDQUOT' ? 'full' : error.code === 'ENOENT' ? 'missing' : 'io'
    return failure({ code, message: `${what}: ${error.message}` })
  }
}
