import type { Result } from '@signalbox/base'

/** 'full': no room is left. 'missing': there is no such file. 'io': anything else that the disk said. */
export interface DiskError {
  readonly code: 'full' | 'missing' | 'io'
  /** For people: `write 00000007.wal: no space left on device`. */
  readonly message: string
}

/**
 * One folder of files, as the store sees it. Names have no slashes. Synchronous: the store's thread has nothing else to do while a scrape
 * is written (a page-cache write takes microseconds, a sync every second a fraction of a millisecond), and callbacks would double the
 * cost of each. A disk that hangs therefore holds up the thread that called it, so queries belong into other threads.
 */
export interface Disk {
  /** The names of all files, in any order. */
  list(): Result<readonly string[], DiskError>
  /** In bytes. */
  size(name: string): Result<number, DiskError>
  /** `length` bytes from `offset`, fewer where the file ends. The caller's to keep. */
  read(name: string, offset: number, length: number): Result<Uint8Array, DiskError>
  /** An empty file for appending; replaces one of that name. */
  create(name: string): Result<DiskFile, DiskError>
  /** Makes durable what an earlier process wrote to a file. */
  sync(name: string): Result<void, DiskError>
  /** Replaces `to`. */
  rename(from: string, to: string): Result<void, DiskError>
  /** Also ok when there is none. */
  remove(name: string): Result<void, DiskError>
  /** After it the names of files are as durable as their synced contents. */
  syncFolder(): Result<void, DiskError>
}

/** A file that grows at its end. */
export interface DiskFile {
  /** All of `bytes`, or a failure after which the file ends anywhere in them. They may be overwritten once it returns. */
  write(bytes: Uint8Array): Result<void, DiskError>
  /** Everything written is durable afterwards. After a failure nobody knows what is: do not try again on this file. */
  sync(): Result<void, DiskError>
  close(): void
}
