import { failure, ok, type Result } from '@signalbox/base'
import { FolderDisk } from '@signalbox/node'
import { type ReaderPort, Tsdb } from '@signalbox/tsdb'
import { MemorySamples } from './memory-samples.ts'
import type { SampleSink } from './store-service.ts'

/** How the embedded store keeps samples. */
export interface StoreConfig {
  /** Of its files; nobody else may write there. Undefined: samples are in memory alone. */
  readonly folder: string | undefined
  /** Series in memory; further ones are refused. */
  readonly seriesMax: number
  readonly retentionMs: number
  /** Of all files; a store in memory alone takes a gigabyte of it at most. */
  readonly retentionBytes: number
  /** Samples so much older than their series' newest are still taken; at most an hour. */
  readonly outOfOrderMs: number
}

/** A store that readers in other threads follow: as `Tsdb` has it. */
export interface FollowedSamples extends SampleSink {
  addReader(port: ReaderPort): void
  removeReader(port: ReaderPort): void
  feedReaders(): boolean
  publish(mark: number): void
}

const MEMORY_BYTES_MAX = 1024 * 1024 * 1024

/** Opens the store that is in the folder, or begins one. Takes as long as reading its log. The failure is for people and names the folder. */
export function openSamples(config: StoreConfig): Result<FollowedSamples, string> {
  const { folder, retentionBytes, ...limits } = config
  if (folder === undefined) return ok(new MemorySamples({ ...limits, bytesMax: Math.min(retentionBytes, MEMORY_BYTES_MAX) }))
  const disk = FolderDisk.open(folder)
  const opened = disk.ok ? Tsdb.open(disk.value, { ...limits, bytesMax: retentionBytes }) : disk
  return opened.ok ? opened : failure(`the store in ${folder} cannot be opened: ${opened.error.message}`)
}
