import type { MessagePort } from 'node:worker_threads'
import { failure, type Result } from '@signalbox/base'
import { FolderDisk } from '@signalbox/node'
import { type FeedMessage, noDisk, TsdbReader } from '@signalbox/tsdb'
import type { StoreAnswer, StoreError } from './ports.ts'
import { QueryService } from './query-service.ts'
import type { FromQueryThread, QueryThreadData, ToQueryThread } from './worker-protocol.ts'

const BEHIND: StoreError = { code: 'unavailable', message: 'the query fell too far behind what comes in; ask again, or for less' }

/**
 * Answers queries in this thread, one at a time, from a reader that follows the store's thread. A query waits until the reader has seen
 * every batch that was committed before it. A reader that was given up ends the thread: another takes its place.
 */
export function serveQueries(port: MessagePort, { folder, feed, progress, parsing }: QueryThreadData): void {
  const disk = folder === undefined ? undefined : FolderDisk.open(folder)
  const reader = new TsdbReader(disk?.ok === true ? disk.value : noDisk, progress)
  const queries = new QueryService(reader, parsing)
  let waiting: ToQueryThread[] = []

  const answer = ({ query, canceled }: ToQueryThread): Result<StoreAnswer, StoreError> => {
    try {
      const result = queries.answer(query, () => Atomics.load(canceled, 0) !== 0)
      return reader.isDropped ? failure(BEHIND) : result
    } catch (error) {
      // What was read while it was overwritten may be anything.
      if (reader.isDropped) return failure(BEHIND)
      throw error
    }
  }
  const run = (): void => {
    if (reader.isDropped) {
      for (const { id } of waiting) post({ kind: 'answer', id, result: failure(BEHIND), damagedChunks: reader.damagedChunks })
      port.close()
      feed.close()
      return
    }
    const due = waiting.filter(({ batch }) => batch <= reader.mark)
    waiting = waiting.filter(({ batch }) => batch > reader.mark)
    for (const one of due) {
      const result = answer(one)
      post({ kind: 'answer', id: one.id, result, damagedChunks: reader.damagedChunks }, result.ok ? [result.value.data.buffer as ArrayBuffer] : [])
    }
  }
  const post = (message: FromQueryThread, transfer: readonly ArrayBuffer[] = []): void => port.postMessage(message, transfer)

  port.on('message', (message: ToQueryThread) => {
    waiting.push(message)
    run()
  })
  feed.on('message', (message: FeedMessage) => {
    const isFirst = reader.mark < 0
    reader.apply(message)
    if (isFirst && reader.mark >= 0) post({ kind: 'ready' })
    if (waiting.length > 0) run()
  })
}
