import { expect, test } from 'vitest'
import { takesGzip } from './reply.ts'

test('gzip is used where it is named or any coding is welcome, and never where it is refused', () => {
  for (const accepted of ['gzip', 'deflate, gzip;q=0.5', '*', 'GZIP', 'br;q=1.0, *;q=0.1']) expect(takesGzip(accepted), accepted).toBe(true)
  for (const accepted of [undefined, '', 'br', 'gzip;q=0', '*;q=0', 'identity', 'gzip;q=0.0, *']) expect(takesGzip(accepted), accepted).toBe(false)
})
