import { parentPort, workerData } from 'node:worker_threads'
import { StartError } from '../supervisor/role-process.ts'
import type { FromReplayWorker, ReplayWorkerData, ToReplayWorker } from './replay-protocol.ts'
import { ReplayRunner } from './replay-runner.ts'

// A worker thread of `signalbox replay`: one simulation at a time, told by messages.
const port = parentPort
if (port === null) throw new Error('replay-worker is started as a worker thread')
const runner = new ReplayRunner((workerData as ReplayWorkerData).settings)
const say = (message: FromReplayWorker): void => port.postMessage(message)

async function answer(message: ToReplayWorker): Promise<void> {
  if (message.type === 'saturation') {
    say({ type: 'saturation', saturation: runner.saturation(message.seed) })
    return
  }
  const running = runner.run(message.run)
  for (;;) {
    const step = await running.next()
    if (step.done === true) {
      say({ type: 'result', result: step.value })
      return
    }
    say({ type: 'progress', share: step.value })
  }
}

port.on('message', (message: ToReplayWorker) => {
  answer(message).catch((error: unknown) => {
    if (!(error instanceof StartError)) throw error
    say({ type: 'refused', message: error.message })
  })
})
