import { FolderLock } from '@signalbox/node'

/*
 * A process that takes the lock of a folder each time a line comes in and says whether it has it: `lock-taker.ts <folder>`. It never releases
 * it: the test puts a stale lock in its place, or kills it.
 */

const [folder = ''] = process.argv.slice(2)

process.stdin.on('data', () => {
  const taken = FolderLock.take(folder)
  process.stdout.write(taken.ok ? 'taken\n' : `${taken.error.code}\n`)
})
process.stdout.write('ready\n')
