import { failure, type Result } from '@signalbox/base'
import { BlockSet } from '../block/block-set.ts'
import { Head, type HeadOptions } from '../head.ts'
import type { Disk, DiskError } from '../ports.ts'
import { Feed } from './feed.ts'
import type { ReaderPort } from './feed-message.ts'
import { ReaderSet } from './reader-set.ts'

/** A head in memory alone that readers in other threads follow, as they do a `Tsdb`. */
export class FollowedHead {
  readonly head: Head
  readonly #feed: Feed

  constructor(options: HeadOptions) {
    const readers = new ReaderSet()
    this.head = new Head(options, readers)
    this.#feed = new Feed({ readers, head: this.head, blocks: new BlockSet(noDisk) })
  }

  /** As `Tsdb.addReader`. */
  addReader(port: ReaderPort): void {
    this.#feed.add(port)
  }

  /** As `Tsdb.removeReader`. */
  removeReader(port: ReaderPort): void {
    this.#feed.remove(port)
  }

  /** As `Tsdb.feedReaders`. */
  feedReaders(): boolean {
    return this.#feed.step()
  }

  /** As `Tsdb.publish`. */
  publish(mark: number): void {
    this.#feed.publish(mark)
  }
}

const missing = (): Result<never, DiskError> => failure({ code: 'missing', message: 'a store in memory has no files' })

/** Of a store in memory alone. */
export const noDisk: Disk = {
  list: missing,
  size: missing,
  read: missing,
  create: missing,
  sync: missing,
  rename: missing,
  remove: missing,
  syncFolder: missing,
}
