import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { StartError } from '../supervisor/role-process.ts'
import { checkPublishable } from './publish-report.ts'

const folder = mkdtempSync(join(tmpdir(), 'signalbox-publish-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('checkPublishable', () => {
  it('passes what can be written, and leaves nothing behind', () => {
    checkPublishable({})
    checkPublishable({ json: '-', html: join(folder, 'report.html') })
    expect(readdirSync(folder)).toEqual([])
  })

  it.each(['json', 'html'] as const)('refuses a folder, and a file in a folder that is not there: --%s', (flag) => {
    const lost = join(folder, 'nowhere', 'report')
    expect(() => checkPublishable({ [flag]: folder })).toThrow(new StartError(`--${flag}: ${folder} is a folder; name a file in it`))
    expect(() => checkPublishable({ [flag]: lost })).toThrow(new StartError(`--${flag}: ${lost} cannot be written (there is no such folder)`))
  })

  it('refuses one file for both', () => {
    expect(() => checkPublishable({ json: join(folder, 'a'), html: join(folder, '.', 'a') })).toThrow('--json and --html both name')
  })
})
