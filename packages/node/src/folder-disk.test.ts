import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FolderDisk } from './folder-disk.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-disk-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function open(path: string): FolderDisk {
  const disk = FolderDisk.open(path)
  if (!disk.ok) throw new Error(disk.error.message)
  return disk.value
}

function write(disk: FolderDisk, name: string, bytes: number[]): void {
  const file = disk.create(name)
  if (!file.ok) throw new Error(file.error.message)
  expect(file.value.write(Uint8Array.from(bytes)).ok && file.value.sync().ok).toBe(true)
  file.value.close()
}

describe('a folder as a disk', () => {
  it('is made where it is missing, and gives back what was written', () => {
    const disk = open(join(folder, 'a', 'b'))
    write(disk, 'x', [1, 2, 3, 4])
    expect(disk.list()).toEqual({ ok: true, value: ['x'] })
    expect(disk.size('x')).toEqual({ ok: true, value: 4 })
    expect(disk.read('x', 1, 2)).toEqual({ ok: true, value: Uint8Array.of(2, 3) })
    expect(disk.read('x', 3, 9)).toEqual({ ok: true, value: Uint8Array.of(4) })
    expect([disk.sync('x').ok, disk.syncFolder().ok]).toEqual([true, true])
  })

  it('reads the file that has the name now, not one that had it', () => {
    const disk = open(folder)
    write(disk, 'x', [1])
    write(disk, 'y', [2])
    expect(disk.read('x', 0, 1)).toEqual({ ok: true, value: Uint8Array.of(1) })
    expect(disk.rename('y', 'x').ok).toBe(true)
    expect(disk.read('x', 0, 1)).toEqual({ ok: true, value: Uint8Array.of(2) })
    write(disk, 'x', [3])
    expect(disk.read('x', 0, 1)).toEqual({ ok: true, value: Uint8Array.of(3) })
    expect([disk.remove('x').ok, disk.remove('x').ok]).toEqual([true, true])
    expect(disk.read('x', 0, 1)).toMatchObject({ ok: false, error: { code: 'missing' } })
  })

  it('reads many files with few of them open', () => {
    const disk = open(folder)
    for (let i = 0; i < 100; i++) write(disk, `f${i}`, [i])
    for (const i of [...Array(100).keys(), 0, 99]) expect(disk.read(`f${i}`, 0, 1)).toEqual({ ok: true, value: Uint8Array.of(i) })
    disk.close()
  })

  it('answers failures of the system as values', () => {
    const disk = open(folder)
    expect(disk.size('none')).toMatchObject({ ok: false, error: { code: 'missing' } })
    expect(disk.rename('none', 'x')).toMatchObject({ ok: false, error: { code: 'missing' } })
    expect(FolderDisk.open('/dev/null/x')).toMatchObject({ ok: false, error: { code: 'io' } })
    const full = FolderDisk.open('/dev')
    const file = full.ok ? full.value.create('full') : full
    if (file.ok) expect(file.value.write(new Uint8Array(4096))).toMatchObject({ ok: false, error: { code: 'full' } })
  })
})
