import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runSignalbox } from './fleet.ts'

const folder = mkdtempSync(join(tmpdir(), 'signalbox-lint-'))
let page: Server
let address: string

beforeAll(async () => {
  page = createServer((_, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4')
    response.end('vllm:num_requests_running{model_name="small"} 1\n')
  })
  await new Promise<void>((resolve) => page.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(page.address() as AddressInfo).port}/metrics`
})

afterAll(() => page.close())

async function lint(...args: readonly string[]): Promise<{ readonly code: number | 'timeout'; readonly output: string }> {
  const running = runSignalbox(['lint', ...args], folder)
  const code = await running.exited()
  return { code, output: running.output() }
}

function rules(expr: string): string {
  return `# rules of mine\ngroups:\n  - name: g\n    rules:\n      - alert: A\n        expr: ${expr}\n`
}

function given(path: string, text: string): string {
  writeFileSync(join(folder, path), text)
  return path
}

describe('signalbox lint', () => {
  it('says nothing of good files, and exits with 0', async () => {
    expect(await lint(given('good.yaml', rules('max(vllm:kv_cache_usage_perc) > 0.9')))).toEqual({
      code: 0,
      output: '0 errors, 0 warnings, 0 infos in 1 document, 1 query, 1 file\n',
    })
  })

  it('prints place, evidence and fix of a finding, and exits with 1', async () => {
    const { code, output } = await lint(given('bad.yaml', rules('max(vllm:gpu_cache_usage_perc) > 0.9')))
    expect(code).toBe(1)
    expect(output).toContain('bad.yaml:6:19  error  L03 removed-metric  alert A: `vllm:gpu_cache_usage_perc` is hidden from 0.11 on')
    expect(output).toContain('    fix: write `vllm:kv_cache_usage_perc` (--fix does it)')
    expect(output).toContain('1 error, 0 warnings, 0 infos in 1 document, 1 query, 1 file')
  })

  it('lets warnings pass where only errors are to fail', async () => {
    const file = given('warning.yaml', rules('sum(up{job="x"}) == 0'))
    expect((await lint(file)).code).toBe(1)
    expect((await lint(file, '--severity', 'error')).code).toBe(0)
    expect((await lint(file, '--ignore', 'empty-when-gone')).code).toBe(0)
  })

  it('answers with JSON', async () => {
    const { output } = await lint(given('bad.yaml', rules('max(vllm:gpu_cache_usage_perc) > 0.9')), '--json')
    expect(JSON.parse(output)).toMatchObject({
      schema_version: 1,
      queries: 1,
      findings: [{ path: 'bad.yaml', line: 6, column: 19, id: 'removed-metric', code: 'L03', severity: 'error', fixable: true }],
    })
  })

  it('mends renames in the file, prints them only when told to, and finds nothing afterwards', async () => {
    const text = rules('"max( vllm:gpu_cache_usage_perc ) > 0.9"')
    const file = given('mend.yaml', text)
    const trial = await lint(file, '--fix', '--dry-run')
    expect(trial.output).toContain('mend.yaml:6\n- expr: "max( vllm:gpu_cache_usage_perc ) > 0.9"\n+ expr: "max( vllm:kv_cache_usage_perc ) > 0.9"')
    expect(readFileSync(join(folder, file), 'utf8')).toBe(text)
    expect(await lint(file, '--fix')).toMatchObject({ code: 0, output: expect.stringContaining('mend.yaml: 1 name replaced') })
    expect(readFileSync(join(folder, file), 'utf8')).toBe(text.replace('gpu_cache', 'kv_cache'))
  })

  it('looks into folders, and passes over what is neither', async () => {
    mkdirSync(join(folder, 'tree/deep'), { recursive: true })
    given('tree/service.yaml', 'kind: Service\n')
    given('tree/deep/bad.yml', rules('max(vllm:gpu_cache_usage_perc) > 0.9'))
    const { code, output } = await lint('tree')
    expect(code).toBe(1)
    expect(output).toContain('tree/deep/bad.yml:6:19')
    expect(output).toContain('2 files')
  })

  it.each([
    ['a file that is not there', () => 'nowhere.yaml', 'nowhere.yaml: no such file or folder'],
    ['a file that is no YAML', () => given('broken.yaml', 'a: [\n'), 'broken.yaml:2:1:'],
    ['a named file of neither kind', () => given('service.yaml', 'kind: Service\n'), 'service.yaml: neither a dashboard nor a rule file'],
  ])('exits with 2 for %s', async (_, path, message) => {
    const { code, output } = await lint(path())
    expect(code).toBe(2)
    expect(output).toContain(message)
  })

  it('asks a page whether the series are there', async () => {
    const file = given('against.yaml', rules('sum(vllm:num_requests_running{model_name="large"}) > sum(vllm:num_requests_waiting)'))
    expect((await lint(file)).code).toBe(0)
    const { code, output } = await lint(file, '--against', address)
    expect(code).toBe(1)
    expect(output).toContain('no series of `vllm:num_requests_running` meets the conditions')
    expect(output).toContain('no series is called `vllm:num_requests_waiting`')
  })

  it('says what is wrong with a call', async () => {
    expect(await lint()).toMatchObject({ code: 1, output: expect.stringContaining('name at least one file or folder') })
    expect(await lint('.', '--ignore', 'nonsense')).toMatchObject({ code: 1, output: expect.stringContaining('signalbox lint --rules') })
    expect(await lint('.', '--dry-run')).toMatchObject({ code: 1, output: expect.stringContaining('--dry-run goes with --fix') })
  })

  it('lists its rules', async () => {
    const { code, output } = await lint('--rules')
    expect(code).toBe(0)
    expect(output).toMatch(/^L03 +removed-metric +error +/m)
  })
})
