import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FolderLock } from './folder-lock.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function take(): FolderLock {
  const lock = FolderLock.take(folder)
  if (!lock.ok) throw new Error(lock.error.message)
  return lock.value
}

const leave = (text: string) => writeFileSync(join(folder, 'lock'), text)

describe('a lock of a folder', () => {
  it('is held until it is released, and leaves nothing behind', () => {
    const lock = take()
    expect(readdirSync(folder)).toEqual(['lock'])
    expect(FolderLock.take(folder)).toEqual({ ok: false, error: { code: 'held', message: `${folder} is in use by process ${process.pid}` } })
    lock.release()
    expect(readdirSync(folder)).toEqual([])
    lock.release()
    take().release()
  })

  it('is taken over from a process that is gone, and from one whose number another process has now', () => {
    const lock = take()
    const own = readFileSync(join(folder, 'lock'), 'utf8')
    lock.release()
    // Beyond the largest number that Linux gives out.
    leave(JSON.stringify({ pid: 2 ** 22 + 1, began: 'x/1' }))
    take().release()
    leave(own.replace(/"began":".*"/, '"began":"another boot/1"'))
    take().release()
    expect(readdirSync(folder)).toEqual([])
  })

  it('that says nothing of its process is taken over', () => {
    for (const text of ['', 'null', '{"pid":"x"}', 'garbage']) {
      leave(text)
      take().release()
    }
  })

  it('is taken over after a process was killed while it took it over', () => {
    leave('garbage')
    writeFileSync(join(folder, 'lock.claim'), JSON.stringify({ pid: 2 ** 22 + 1, began: 'x/1' }))
    take().release()
    expect(readdirSync(folder)).toEqual([])
  })

  it('is not released by whom it was taken from', () => {
    const lock = take()
    leave('{"pid":1,"began":""}')
    lock.release()
    expect(readdirSync(folder)).toEqual(['lock'])
  })

  it('fails with words where there can be no folder', () => {
    expect(FolderLock.take('/dev/null/x')).toMatchObject({ ok: false, error: { code: 'io', message: expect.stringContaining('/dev/null/x') } })
  })
})
