import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { runSignalbox } from './fleet.ts'
import { podsOf, type ScrapeConfig } from './pods.ts'
import { program } from './required-programs.ts'

const promtool = program('promtool', 'prometheus')
const root = mkdtempSync(join(tmpdir(), 'signalbox-export-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

let folder = root
beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'))
})

async function run(...args: string[]): Promise<{ readonly code: number | 'timeout'; readonly output: string }> {
  const running = runSignalbox(['export', ...args], folder)
  const code = await running.exited()
  return { code, output: running.output() }
}

/** What the command prints when all is well. */
async function printed(...args: string[]): Promise<string> {
  const { code, output } = await run(...args)
  if (code !== 0) throw new Error(output)
  return output
}

/** promtool's verdict on a file in the folder. */
function checked(...args: string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(promtool as string, args, { cwd: folder, encoding: 'utf8' })
  return { status, output: `${stdout}${stderr}` }
}

/** A server with one page of metrics; answers its address and what ends it. */
async function page(text: string, token?: string): Promise<{ readonly url: string; close(): void }> {
  const server = createServer((request, response) => {
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) response.writeHead(401).end()
    else if (request.url === '/metrics') response.end(text)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() }
}

const sets = ['vllm,llm-d-epp,signalbox,process', 'vllm-v0,vllm-0.9,inference-model,inference-pool', 'sglang,dcgm', 'llumnix,vllm', 'all']

describe('the help of each export', () => {
  it.each(['grafana', 'prometheus-rules', 'prometheus-config', 'kubernetes'])('%s has examples', async (what) => {
    expect(await printed(what, '--help')).toMatch(new RegExp(`Usage: signalbox export ${what}[\\s\\S]*Examples:\n  signalbox export ${what}`))
  })
})

describe('export grafana', () => {
  it('writes a file a dashboard, named by its uid, which Grafana can tell apart', async () => {
    const paths = (await printed('grafana', '--dialects', 'all', '--out', 'dashboards')).trimEnd().split('\n')
    expect(paths).toContain('dashboards/llm-performance.json')
    for (const path of paths) {
      const { uid, panels } = JSON.parse(readFileSync(join(folder, path), 'utf8')) as { uid: string; panels: unknown[] }
      expect(path).toBe(`dashboards/${uid}.json`)
      expect(panels.length).toBeGreaterThan(1)
    }
  })

  it('prints the one that is asked for, and names those there are where that one is not', async () => {
    expect(JSON.parse(await printed('grafana', '--dashboard', 'llm-performance'))).toMatchObject({ uid: 'llm-performance' })
    expect(await run('grafana', '--dashboard', 'mine')).toEqual({
      code: 1,
      output: expect.stringMatching(/^--dashboard mine: .* there are .*llm-performance/),
    })
  })
})

describe.skipIf(promtool === undefined)('promtool', () => {
  it.each([...sets, 'vllm,sglang --spellings ray_vllm:,ray_vllm_,vllm_,sglang_'])(
    'accepts the rules for %s, and their tests hold',
    async (dialects) => {
      const [rules, ...tests] = (await printed('prometheus-rules', '--dialects', ...dialects.split(' '), '--out', '.')).trimEnd().split('\n')
      expect(rules).toBe('signalbox.rules.yml')
      expect(checked('check', 'rules', rules as string)).toMatchObject({ status: 0 })
      for (const file of tests) expect(checked('test', 'rules', file)).toEqual({ status: 0, output: expect.stringContaining('SUCCESS') })
    },
  )

  it('refuses the rules when a test of theirs expects what is not so', async () => {
    const [, test = ''] = (await printed('prometheus-rules', '--out', '.')).trimEnd().split('\n')
    const text = readFileSync(join(folder, test), 'utf8')
    writeFileSync(join(folder, test), text.replaceAll('value: 1\n', 'value: 2\n'))
    expect(checked('test', 'rules', test)).toMatchObject({ status: 1 })
  })

  it('accepts the static configuration with its rules and the file with the token', async () => {
    writeFileSync(join(folder, 'token'), 'secret')
    writeFileSync(
      join(folder, 'signalbox.yaml'),
      'admin: { tokenFile: token }\nendpoints: { backends: [https://gpu1, { id: two, url: "http://gpu2:8000" }] }\n',
    )
    await printed('prometheus-config', '--static', '--scrape-interval', '5s', '--out', '.')
    await printed('prometheus-rules', '--out', '.')
    expect(checked('check', 'config', 'prometheus.yml')).toEqual({ status: 0, output: expect.stringContaining('1 rule files found') })
    const { scrape_configs: jobs } = parse(readFileSync(join(folder, 'prometheus.yml'), 'utf8')) as { scrape_configs: { job_name: string }[] }
    expect(jobs.map(({ job_name: name }) => name)).toEqual(['gateway', 'monitor', 'engine'])
  })

  it('finds each pod of an llm-d deployment in one job of the configuration for Kubernetes, under the labels that panels ask for', async () => {
    writeFileSync(join(folder, 'token'), 'secret')
    const config = parse(await printed('prometheus-config', '--namespaces', 'llm-d', '--token-file', 'token')) as ScrapeConfig
    // Debian's promtool is built without Kubernetes discovery, so that its findings are given as they would come from there.
    const found = podsOf(config)
    writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(found))
    expect(checked('check', 'config', 'prometheus.yml')).toMatchObject({ status: 0 })
    const targets = found.scrape_configs.flatMap(({ job_name: job }) => {
      const { output } = checked('check', 'service-discovery', '--timeout=1s', 'prometheus.yml', job)
      return (JSON.parse(output) as { labels: Record<string, string> }[])
        .map(({ labels }) => labels)
        .filter((labels) => Object.keys(labels).length > 0)
    })
    const shown = targets.map((labels) => {
      const { job, pod, namespace, model, role, instance } = labels
      return [job, pod, namespace, model ?? '', role ?? '', `${instance}${labels['__metrics_path__']}`].join(' ')
    })
    // Two ports of a pod whose annotation names one are the same target, which Prometheus scrapes once. promtool lists in no order.
    expect([...new Set(shown)].sort()).toEqual([
      'gateway-api-inference-extension llama-epp-abc-1 llm-d   10.0.0.3:9090/metrics',
      'kubernetes-pods embedder-1 llm-d   10.0.0.5:9400/stats/prometheus',
      'kubernetes-pods v6-1 llm-d   [fd00::6]:9400/metrics',
      'llm-d-components model-service-1 llm-d   10.0.0.7:8080/metrics',
      'llm-d-scheduler inference-scheduler-1 llm-d   10.0.0.4:9090/metrics',
      'vllm-instances llama-decode-1 llm-d llama decode 10.0.0.1:8001/metrics',
      'vllm-instances llama-decode-1 llm-d llama decode 10.0.0.1:8002/metrics',
      'vllm-instances llama-prefill-1 llm-d llama prefill 10.0.0.2:8000/metrics',
    ])
  })
})

describe('export kubernetes', () => {
  it('prints every object as one text, or writes a file for each kind', async () => {
    const args = ['kubernetes', '--dialects', 'all', '--namespace', 'monitoring', '--labels', 'release=prom,team=a']
    const documents = parseAllDocuments(await printed(...args)) as { toJS(): { kind: string; metadata: { labels: Record<string, string> } } }[]
    const objects = documents.map((document) => document.toJS())
    expect(objects.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['ServiceMonitor', 'PodMonitor', 'PrometheusRule', 'ClusterRole', 'ConfigMap']),
    )
    for (const { metadata } of objects) expect(metadata.labels).toMatchObject({ release: 'prom', team: 'a' })
    await printed(...args, '--out', 'k8s')
    expect(readdirSync(join(folder, 'k8s'))).toEqual(
      expect.arrayContaining([
        'dashboard-llm-performance.yaml',
        'metrics-reader.yaml',
        'pod-monitors.yaml',
        'prometheus-rule.yaml',
        'service-monitors.yaml',
      ]),
    )
  })
})

describe('--against', () => {
  const vllm = '# TYPE vllm:num_requests_waiting gauge\nvllm:num_requests_waiting{model_name="m"} 0\n'

  it('exports for the dialects that the address serves', async () => {
    const served = await page(vllm)
    try {
      const dialect = await printed('kubernetes', '--dialects', 'vllm')
      expect(await printed('kubernetes', '--against', served.url)).toBe(dialect)
      expect(await printed('kubernetes')).not.toBe(dialect)
    } finally {
      served.close()
    }
  })

  it('asks in the spelling that the address serves, as --spellings does by hand', async () => {
    const served = await page(vllm.replaceAll('vllm:', 'ray_vllm:'))
    try {
      const found = await printed('grafana', '--dashboard', 'llm-performance', '--against', served.url)
      expect(found).toContain('ray_vllm:num_requests_waiting{')
      expect(await printed('grafana', '--dashboard', 'llm-performance', '--dialects', 'vllm', '--spellings', 'ray_vllm:')).toBe(found)
      expect(await printed('grafana', '--dashboard', 'llm-performance', '--dialects', 'vllm')).not.toContain('ray_vllm')
    } finally {
      served.close()
    }
  })

  it('reads with the token of --token-file, and asks for that flag without it', async () => {
    const served = await page(vllm, 'secret')
    writeFileSync(join(folder, 'token'), 'secret\n')
    try {
      expect((await run('prometheus-rules', '--against', served.url, '--token-file', 'token')).code).toBe(0)
      expect(await run('prometheus-rules', '--against', served.url)).toEqual({
        code: 1,
        output: expect.stringMatching(/^--against: .*HTTP 401.*\(--token-file\)$/m),
      })
    } finally {
      served.close()
    }
  })

  it('says that an address serves nothing that is known', async () => {
    const served = await page('mine 1\n')
    try {
      expect(await run('grafana', '--against', served.url)).toEqual({ code: 1, output: expect.stringContaining('no metric of a known system') })
    } finally {
      served.close()
    }
  })
})

describe('a file that is there already', () => {
  it('is overwritten when an export wrote it, and otherwise with --force alone', async () => {
    const path = join(folder, 'prometheus.yml')
    await printed('prometheus-config', '--out', '.')
    await printed('prometheus-config', '--out', '.', '--scrape-interval', '1m')
    expect(readFileSync(path, 'utf8')).toContain('scrape_interval: 1m')
    writeFileSync(path, 'mine')
    expect(await run('prometheus-config', '--out', '.')).toEqual({
      code: 1,
      output: expect.stringMatching(/^--out: prometheus\.yml is there already.*--force$/m),
    })
    expect(readFileSync(path, 'utf8')).toBe('mine')
    await printed('prometheus-config', '--out', '.', '--force')
    expect(readFileSync(path, 'utf8')).toContain('scrape_interval: 15s')
  })

  it('keeps its neighbours from being written too', async () => {
    writeFileSync(join(folder, 'signalbox.rules.1m.test.yml'), 'mine')
    expect((await run('prometheus-rules', '--out', '.')).code).toBe(1)
    expect(existsSync(join(folder, 'signalbox.rules.yml'))).toBe(false)
  })

  it('that is no folder cannot be one', async () => {
    writeFileSync(join(folder, 'out'), '')
    expect(await run('grafana', '--out', 'out')).toEqual({ code: 1, output: '--out: out cannot be written (EEXIST)\n' })
  })
})

describe('a slip of the hand', () => {
  it.each([
    [['grafna'], 'Did you mean grafana?'],
    [['grafana', '--dialects', 'vlm'], 'did you mean "vllm"?'],
    [['grafana', '--dialects', 'vllm,'], 'none of them empty'],
    [['grafana', '--spellings', 'ray'], 'there is no spelling "ray"; there are ray_vllm: (for vllm:)'],
    [['grafana', '--spellings', 'sglang_'], '--spellings: sglang_ is another spelling of sglang:, and no such name is in vllm,'],
    [['grafana', '--spellings', 'vllm_', '--against', 'http://x'], '--spellings and --against: leave --spellings out'],
    [['grafana', '--dialects', 'dcgm,go', '--dashboard', 'x'], '--dashboard x'],
    [['grafana', '--dialects', 'vllm', '--against', 'http://x'], '--dialects and --against: give one of them'],
    [['grafana', '--against', 'prometheus:9090'], 'expected an address such as http://prometheus:9090'],
    [['grafana', '--against', 'http://127.0.0.1:1'], 'connection refused'],
    [['grafana', '--token-file', 'x'], '--token-file: it is for the address of --against'],
    [['prometheus-rules', '--against', 'http://127.0.0.1:1', '--token-file', 'nowhere'], '--token-file: nowhere cannot be read (ENOENT)'],
    [['prometheus-rules', '--config', 'nowhere.yaml'], 'nowhere.yaml: cannot be read (ENOENT)'],
    [['prometheus-config', '--scrape-interval', '0s'], 'an interval is 1s to 1h'],
    [['prometheus-config', '--scrape-interval', '15'], 'an interval is 1s to 1h'],
    [['prometheus-config', '--static', '--namespaces', 'llm-d'], '--namespaces: there are none with --static'],
    [['kubernetes', '--namespace', 'LLM'], 'a namespace has lower-case letters'],
    [['kubernetes', '--labels', 'release'], '"release" is no label such as release=prometheus'],
    [['kubernetes', '--ranks', '17'], 'a pod has 1 to 16 ranks'],
  ] as const)('%j is answered with words that say how to mend it', async (args, message) => {
    const { code, output } = await run(...args)
    expect(code).toBe(1)
    expect(output).toContain(message)
    expect(output).not.toMatch(/^\s+at /m)
  })
})
