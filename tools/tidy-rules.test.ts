import { describe, expect, it } from 'vitest'
import { findings } from './tidy-rules.ts'

const messages = (path: string, text: string) => findings(path, text).map((finding) => finding.message)

describe('tidy', () => {
  it('refuses an import against the direction of the rooms', () => {
    expect(messages('packages/scheduler/src/a.ts', "import { x } from '@signalbox/gateway'")[0]).toContain('scheduler may not import gateway')
    expect(messages('packages/gateway/src/a.ts', "import { x } from '@signalbox/scheduler'")).toEqual([])
    expect(messages('packages/gateway/src/a.ts', "import { x } from '@signalbox/scheduler/src/types.ts'")).toContain(
      "a package's only door is its index",
    )
  })

  it('refuses clocks, timers and Node in core code, but not in words about them', () => {
    expect(messages('packages/engine/src/a.ts', 'const t = Date.now()')).toEqual(['core has no Date; take a Clock'])
    expect(messages('packages/engine/src/a.ts', "import fs from 'node:fs'")[0]).toContain('no node: module')
    expect(messages('packages/engine/src/a.ts', ' * Date of the step, see setTimeout')).toEqual([])
    expect(messages('packages/gateway/src/a.ts', 'const t = Date.now()')).toEqual([])
  })

  it('refuses drawers, slogans and paths of one machine', () => {
    expect(messages('packages/engine/src/utils.ts', '')[0]).toContain('named for the thing it holds')
    expect(messages('README.md', 'a blazing gateway')).toEqual(['a slogan'])
    expect(messages('README.md', 'see /home/me/x')).toEqual(['an absolute path of one machine'])
  })
})
