import type { MessagePort } from 'node:worker_threads'
import { systemClock } from '@signalbox/node'
import type { ReaderPort } from '@signalbox/tsdb'
import { openSamples, type StoreConfig } from './open-samples.ts'
import { StoreService } from './store-service.ts'
import type { FromStoreThread, ToStoreThread } from './worker-protocol.ts'

const MAINTAIN_EVERY_MS = 1_000

/** Opens the store in this thread and takes batches, one message at a time. Its readers see each batch as a whole, or nothing of it. */
export function serveStore(port: MessagePort, config: StoreConfig): void {
  const post = (message: FromStoreThread): void => port.postMessage(message)
  const beganMs = performance.now()
  const opened = openSamples(config)
  if (!opened.ok) {
    post({ kind: 'failed', message: opened.error })
    return
  }
  const samples = opened.value
  const service = new StoreService(samples)
  const feeds = new Map<MessagePort, ReaderPort>()
  let batch = 0
  let isFeeding = false
  const feed = (): void => {
    isFeeding = samples.feedReaders()
    if (isFeeding) setImmediate(feed)
  }
  const maintenance = setInterval(() => {
    service.maintain(systemClock.nowMs())
    samples.publish(batch)
    post({ kind: 'stats', stats: service.stats() })
  }, MAINTAIN_EVERY_MS)
  port.on('message', (message: ToStoreThread) => {
    switch (message.kind) {
      case 'append': {
        const outcome = service.append(message.batch)
        batch = message.number
        samples.publish(batch)
        post({ kind: 'appended', number: batch, samples: message.batch.handles.length, outcome })
        break
      }
      case 'reader': {
        const { feed: feedPort, progress } = message
        const reader: ReaderPort = { progress, publish: (one) => feedPort.postMessage(one) }
        feeds.set(feedPort, reader)
        // The thread at the other end is gone.
        feedPort.once('close', () => {
          feeds.delete(feedPort)
          samples.removeReader(reader)
        })
        samples.addReader(reader)
        if (!isFeeding) feed()
        break
      }
      case 'close': {
        clearInterval(maintenance)
        const closed = service.close()
        post({ kind: 'closed', error: closed.ok ? '' : closed.error.message })
        for (const feedPort of feeds.keys()) feedPort.close()
        port.close()
        break
      }
    }
  })
  post({ kind: 'ready', stats: service.stats(), tookMs: performance.now() - beganMs })
}
