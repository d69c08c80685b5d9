import type { Readership } from '../samples/grace-queue.ts'
import { appliedOf, type CommitMessage, markApplied, markDropped, type ReaderPort } from './feed-message.ts'

/** Sent and not yet applied by the slowest; beyond it that reader is given up. */
const UNREAD_BYTES_MAX = 64 * 1024 * 1024

/** The readers that follow a store, and how far each has come. */
export class ReaderSet implements Readership {
  #members: readonly ReaderPort[] = []
  #published = 0
  /** Publications that somebody has not applied. */
  #unread: { readonly publication: number; readonly bytes: number }[] = []
  #unreadBytes = 0

  get isEmpty(): boolean {
    return this.#members.length === 0
  }

  get next(): number {
    return this.#published + 1
  }

  get passed(): number {
    return this.#members.reduce((least, { progress }) => Math.min(least, appliedOf(progress, this.#published)), this.#published)
  }

  /** It is about to be sent all there is, as of the last publication. */
  add(port: ReaderPort): void {
    markApplied(port.progress, this.#published - 1)
    this.#members = [...this.#members, port]
  }

  remove(port: ReaderPort): void {
    this.#members = this.#members.filter((one) => one !== port)
  }

  /** The last publication, at first 0. */
  get published(): number {
    return this.#published
  }

  publish(message: CommitMessage): void {
    this.#published = message.publication
    for (const { publish } of this.#members) publish(message)
    const bytes = bytesOf(message)
    this.#unread.push({ publication: message.publication, bytes })
    this.#unreadBytes += bytes
    this.#forgetRead()
    while (this.#unreadBytes > UNREAD_BYTES_MAX && !this.isEmpty) this.dropSlowest()
  }

  /** Gives up those that are furthest behind: what they still read may be overwritten, and they can tell. */
  dropSlowest(): void {
    const { passed } = this
    for (const port of this.#members) {
      if (appliedOf(port.progress, this.#published) > passed) continue
      markDropped(port.progress)
      this.remove(port)
    }
    this.#forgetRead()
  }

  #forgetRead(): void {
    const passed = this.isEmpty ? this.#published : this.passed
    while ((this.#unread[0]?.publication ?? Infinity) <= passed) this.#unreadBytes -= this.#unread.shift()?.bytes ?? 0
  }
}

/** Of the copy that a reader gets: shared memory stays where it is. */
function bytesOf({ series, advanced, moved, late, dead, buffers }: CommitMessage): number {
  return (
    1_000 +
    series.length +
    advanced.byteLength +
    17 * moved.refs.length +
    5 * late.refs.length +
    2 * late.values.byteLength +
    dead.byteLength +
    100 * buffers.length
  )
}
