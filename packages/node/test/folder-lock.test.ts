import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { FolderLock } from '@signalbox/node'
import { afterEach, beforeEach, expect, it } from 'vitest'

const PROCESSES = 4
const ROUNDS = 50

const script = fileURLToPath(new URL('./lock-taker.ts', import.meta.url))

interface Taker {
  readonly child: ChildProcess
  readonly lines: AsyncIterator<string>
}

let folder = ''
let takers: Taker[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-lock-'))
  takers = []
})

afterEach(() => {
  for (const { child } of takers) child.kill('SIGKILL')
  rmSync(folder, { recursive: true })
})

/** A process that is ready to take the lock. */
async function taker(): Promise<Taker> {
  const child = spawn(process.execPath, ['--conditions=signalbox-source', '--import=tsx', script, folder], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines: Interface = createInterface({ input: child.stdout })
  const started = { child, lines: lines[Symbol.asyncIterator]() }
  takers.push(started)
  expect(await next(started)).toBe('ready')
  return started
}

async function next({ lines }: Taker): Promise<string> {
  const { value } = await lines.next()
  return String(value)
}

it('a lock outlives no process: the next one has it after a kill, and not before', async () => {
  const first = await taker()
  first.child.stdin?.write('\n')
  expect(await next(first)).toBe('taken')
  expect(FolderLock.take(folder)).toMatchObject({ ok: false, error: { code: 'held', message: `${folder} is in use by process ${first.child.pid}` } })
  const ended = new Promise((resolve) => first.child.once('exit', resolve))
  first.child.kill('SIGKILL')
  await ended
  const second = FolderLock.take(folder)
  expect(second.ok).toBe(true)
  if (second.ok) second.value.release()
})

it(`of ${PROCESSES} processes that want a stale lock at once, exactly one has it, ${ROUNDS} times`, async () => {
  const all = await Promise.all(Array.from({ length: PROCESSES }, taker))
  for (let round = 0; round < ROUNDS; round++) {
    // Beyond the largest number that Linux gives out.
    writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: 2 ** 22 + 1, began: String(round) }))
    for (const { child } of all) child.stdin?.write('\n')
    const answers = await Promise.all(all.map(next))
    expect(answers.toSorted()).toEqual([...Array<string>(PROCESSES - 1).fill('held'), 'taken'])
  }
  expect(readdirSync(folder)).toEqual(['lock'])
})
