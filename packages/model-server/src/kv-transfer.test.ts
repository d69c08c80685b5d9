import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from './body.ts'
import { parseTransfer } from './kv-transfer.ts'

const remote = {
  do_remote_prefill: true,
  do_remote_decode: false,
  remote_block_ids: [4, 7],
  remote_engine_id: 'e',
  remote_request_id: 'r',
  remote_host: '10.0.0.1',
  remote_port: 8001,
  tp_size: 1,
  remote_num_tokens: 30,
}

describe('kv_transfer_params', () => {
  it('make a prefill half, as a router writes them', () => {
    const params = {
      do_remote_decode: true,
      do_remote_prefill: false,
      remote_engine_id: null,
      remote_block_ids: null,
      remote_host: null,
      remote_port: null,
    }
    expect(parseTransfer(params)).toEqual({ ok: true, value: { kind: 'prefill' } })
  })

  it('make a decode half, as a prefill engine answers them', () => {
    const value = { kind: 'decode', remote: { engineId: 'e', requestId: 'r', host: '10.0.0.1', port: 8001, tokens: 30 } }
    expect(parseTransfer(remote)).toEqual({ ok: true, value })
    const { remote_num_tokens: _, ...older } = remote
    expect(parseTransfer(older)).toMatchObject({ ok: true, value: { remote: { tokens: undefined } } })
  })

  it.each([undefined, {}, { do_remote_prefill: false, do_remote_decode: false }, { ...remote, remote_host: null }, { do_remote_prefill: true }])(
    'make a whole request of %j',
    (params) => {
      expect(parseTransfer(params)).toEqual({ ok: true, value: undefined })
    },
  )

  it.each([
    [{ ...remote, do_remote_decode: true }, 'do_remote_decode must be false'],
    [{ do_remote_decode: 1 }, 'do_remote_decode must be a boolean'],
    [{ ...remote, remote_block_ids: 7 }, 'remote_block_ids must be a list'],
    [{ ...remote, remote_engine_id: 7 }, 'remote_engine_id must be a string'],
    [{ ...remote, remote_port: 0 }, 'remote_port must be a port'],
    [{ ...remote, remote_host: '' }, 'remote_host must be a host'],
    [{ ...remote, remote_num_tokens: -1 }, 'remote_num_tokens must be an integer from 0'],
  ])('are refused where they are no such things: %j', (params, message) => {
    const parsed = parseTransfer(params)
    expect(parsed).toMatchObject({ ok: false, error: { status: 400, param: 'kv_transfer_params' } })
    expect(parsed.ok ? '' : parsed.error.message).toContain(message)
  })

  it('never make it throw', () => {
    const keys = fc.constantFrom(...Object.keys(remote))
    fc.assert(
      fc.property(fc.dictionary(keys, fc.oneof(fc.jsonValue(), fc.constant(true))), (params) => {
        const parsed = parseTransfer(params as JsonObject)
        if (parsed.ok && parsed.value?.kind === 'decode') expect(parsed.value.remote.port).toBeGreaterThan(0)
      }),
    )
  })
})
