import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { seededRandom } from '@signalbox/base'
import { type FeedMessage, type Matcher, TsdbReader } from '@signalbox/tsdb'
import { FolderDisk } from '../src/folder-disk.ts'

/** What a thread is started with. `stop[0]` is not 0 once it is to end. */
export interface CheckingReaderData {
  readonly folder: string
  readonly feed: MessagePort
  readonly progress: Int32Array
  readonly stop: Int32Array
  readonly seed: number
  readonly series: number
  readonly stepMs: number
}

export interface CheckingReaderReport {
  readonly selects: number
  readonly samples: number
  readonly mark: number
  /** The first that was wrong, '' when nothing was. */
  readonly wrong: string
}

/*
 * A thread that reads without pause while another writes: scrape n has the time n steps, the mark n, and the value n in each series named
 * `scrape`; `late` gets the sample of scrape n with scrape n + 1, and another a millisecond after each step, in time. So each answer can be checked by itself.
 */

const { folder, feed, progress, stop, seed, series, stepMs } = workerData as CheckingReaderData
const disk = FolderDisk.open(folder)
if (!disk.ok) throw new Error(disk.error.message)
const reader = new TsdbReader(disk.value, progress)
const random = seededRandom(seed)
const counts = { selects: 0, samples: 0 }
let wrong = ''

function named(value: string): Matcher[] {
  return [{ name: '__name__', operator: '=', value, matches: (text) => text === value }]
}

function take(max: number): number {
  let taken = 0
  for (; taken < max; taken++) {
    const received = receiveMessageOnPort(feed)
    if (received === undefined) break
    reader.apply(received.message as FeedMessage)
  }
  return taken
}

function check(name: string, lengthMax: number, wanted: number, newest: number): string {
  const oldest = Math.max(0, newest - Math.floor(random.next() * lengthMax))
  const found = reader.select(named(name), oldest * stepMs, Infinity)
  counts.selects += 1
  if (found.length !== wanted) return `${name}: ${found.length} series at mark ${reader.mark}`
  for (const { timestampsMs: allMs, values: all } of found) {
    counts.samples += all.length
    const timestampsMs = allMs.filter((timestampMs) => timestampMs % stepMs === 0)
    const values = all.filter((_, i) => (allMs[i] as number) % stepMs === 0)
    if (values.length !== newest - oldest + 1) return `${name}: ${values.length} samples of ${oldest} to ${newest}`
    for (let i = 0; i < values.length; i++) {
      if (values[i] !== oldest + i || timestampsMs[i] !== (oldest + i) * stepMs) {
        return `${name}: ${values[i]} at ${timestampsMs[i]} in place ${i} of ${oldest} to ${newest}`
      }
    }
  }
  return ''
}

/** What is wrong with one answer of each kind; '' when nothing is. */
function checkBoth(): string {
  const lengthMax = random.next() < 0.1 ? 4_000 : 300
  try {
    const found = check('scrape', lengthMax, series, reader.mark) || check('late', lengthMax, 1, reader.mark - 1)
    return reader.isDropped ? 'given up' : found
  } catch (error) {
    // An assertion of the store: what it read was not what had been written.
    return String(error)
  }
}

// What is wrong is told at the end: the writer waits for those who do not follow.
for (;;) {
  const taken = take(1 + Math.floor(random.next() * 60))
  if (taken === 0 && Atomics.load(stop, 0) !== 0) break
  if (wrong === '' && reader.mark >= 2) wrong = checkBoth()
}
const report: CheckingReaderReport = { ...counts, mark: reader.mark, wrong }
parentPort?.postMessage(report)
feed.close()
