import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { assert } from '@signalbox/base'
import { systemClock } from '@signalbox/node'
import { openSamples } from './open-samples.ts'
import { QueryService } from './query-service.ts'
import { type SampleSink, StoreService } from './store-service.ts'
import type { FromWorker, ToWorker, WorkerData } from './worker-protocol.ts'

// The entry of the store's thread. Messages are handled one at a time, in order: a query sees every batch committed before it.

assert(parentPort !== null, 'the query worker runs in a thread of its own')
const port: MessagePort = parentPort

const MAINTAIN_EVERY_MS = 1_000

const beganMs = performance.now()
const opened = openSamples(workerData as WorkerData)
if (opened.ok) {
  serve(opened.value, new QueryService(opened.value))
} else {
  post({ kind: 'failed', message: opened.error })
}

function serve(sink: SampleSink, queries: QueryService): void {
  const service = new StoreService(sink)
  const maintenance = setInterval(() => {
    service.maintain(systemClock.nowMs())
    post({ kind: 'stats', stats: service.stats() })
  }, MAINTAIN_EVERY_MS)
  port.on('message', (message: ToWorker) => {
    switch (message.kind) {
      case 'append':
        service.append(message.batch)
        post({ kind: 'appended', samples: message.batch.handles.length })
        break
      case 'query': {
        const result = queries.answer(message.query, () => Atomics.load(message.canceled, 0) !== 0)
        post({ kind: 'answer', id: message.id, result }, result.ok ? [result.value.data.buffer as ArrayBuffer] : [])
        break
      }
      case 'close': {
        clearInterval(maintenance)
        const closed = service.close()
        post({ kind: 'closed', error: closed.ok ? '' : closed.error.message })
        port.close()
        break
      }
    }
  })
  post({ kind: 'ready', stats: service.stats(), tookMs: performance.now() - beganMs })
}

function post(message: FromWorker, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, transfer)
}
