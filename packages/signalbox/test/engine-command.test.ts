import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually, freePorts, runSignalbox, textOf } from './fleet.ts'

type Running = ReturnType<typeof runSignalbox>

const folder = mkdtempSync(join(tmpdir(), 'signalbox-engine-'))
const started: Running[] = []

afterEach(() => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL')
})

/** Starts `signalbox engine` and waits until it says that it is up, or has ended. */
async function engine(args: readonly string[]): Promise<Running> {
  const running = runSignalbox(['engine', ...args], folder)
  started.push(running)
  await eventually(() => running.output().includes('Ctrl-C stops') || running.child.exitCode !== null, 'the engine to be up')
  return running
}

const post = (url: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })

describe('signalbox engine', () => {
  it('starts several, each on a line with what it serves, and stops with one Ctrl-C', async () => {
    const port = await freePorts(2)
    const args = ['--port', String(port), '--count', '2', '--model', 'mine', '--dialect', 'sglang', 'vllm', '--speed', '100', '--text', 'echo']
    const running = await engine([...args, '--adapter', 'sql=adapters/sql', '--adapter', 'poems=adapters/poems', '--tokenizer', 'bytes'])
    const output = running.output()
    expect(output).toContain('Simulated: no model runs.')
    expect(output).toMatch(new RegExp(`^ {2}http://127\\.0\\.0\\.1:${port}/v1 {3}mine {3}metrics of SGLang`, 'm'))
    expect(output).toMatch(new RegExp(`^ {2}http://127\\.0\\.0\\.1:${port + 1}/v1 {3}mine {3}metrics of vLLM`, 'm'))
    expect(output).toContain(`curl http://127.0.0.1:${port}/v1/chat/completions`)
    const models = JSON.parse(await textOf(`http://127.0.0.1:${port + 1}/v1/models`)) as { data: readonly { id: string }[] }
    expect(models.data.map(({ id }) => id)).toEqual(['mine', 'sql', 'poems'])
    const asked = await post(`http://127.0.0.1:${port}/v1/chat/completions`, { messages: [{ role: 'user', content: 'Good mörning' }] })
    const answer = (await asked.json()) as { choices: readonly { message: { content: string } }[]; usage: { completion_tokens: number } }
    expect(answer.choices[0]?.message.content).toBe('Good mörning')
    expect(answer.usage.completion_tokens).toBe(13)
    running.child.kill('SIGINT')
    expect(await running.exited()).toBe(0)
  })

  it('lets answers end after the first Ctrl-C, and none after the second', async () => {
    const port = await freePorts(1)
    const running = await engine(['--port', String(port), '--profile', 'cpu'])
    const response = await post(`http://127.0.0.1:${port}/v1/completions`, { prompt: 'a', max_tokens: 4_000, ignore_eos: true, stream: true })
    expect(response.status).toBe(200)
    running.child.kill('SIGINT')
    await eventually(async () => (await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined))?.status !== 200, 'it to stop accepting')
    expect(running.child.exitCode).toBeNull()
    running.child.kill('SIGINT')
    expect(await running.exited()).toBe(130)
    await response.text().catch(() => '')
  })

  it('breaks by itself where a fault says so', async () => {
    const port = await freePorts(1)
    await engine(['--port', String(port), '--fault', 'failRatio=1', '--fault', 'stallMs=10@60m'])
    expect((await post(`http://127.0.0.1:${port}/v1/completions`, { prompt: 'a' })).status).toBe(500)
    const { plan, counts } = JSON.parse(await textOf(`http://127.0.0.1:${port}/simulator/faults`)) as { plan: object; counts: object }
    expect([plan, counts]).toEqual([{ failRatio: 1, stallMs: { value: 10, afterMs: 3_600_000 } }, { failRatio: 1 }])
  })

  it('takes the file under the flags: key, priorities, events', async () => {
    const [port, events] = [await freePorts(1), await freePorts(2)]
    writeFileSync(join(folder, 'key'), 'sesame\n')
    writeFileSync(
      join(folder, 'engine.yaml'),
      `engine: { port: 1, model: filed, speed: 100, apiKeyFile: ./key, scheduling: priority, events: { port: ${events}, encoding: map } }\n`,
    )
    const running = await engine(['--config', 'engine.yaml', '--port', String(port)])
    expect(running.output()).toContain('authorization: Bearer <key>')
    const url = `http://127.0.0.1:${port}`
    expect((await post(`${url}/v1/completions`, { prompt: 'a', priority: 3 })).status).toBe(401)
    const answered = await post(`${url}/v1/completions`, { prompt: 'a', priority: 3, model: 'filed' }, { authorization: 'Bearer sesame' })
    expect(answered.status).toBe(200)
    expect(JSON.parse(await textOf(`${url}/simulator/events`))).toMatchObject({
      endpoint: `tcp://127.0.0.1:${events}`,
      replayEndpoint: `tcp://127.0.0.1:${events + 1}`,
      topic: `kv@127.0.0.1:${port}@filed`,
    })
  })

  it.each([
    [['--fault', 'stalMs=5'], 'unknown fault stalMs; did you mean stallMs?'],
    [['--fault', 'stallMs'], 'write key=value, such as stallMs=5000'],
    [['--fault', 'failRatio=2'], 'failRatio must be a number from 0 to 1'],
    [['--adapter', 'sql'], 'expected a name and a path, such as sql=adapters/sql'],
    [['--profile', '8b'], 'Allowed choices are 8b-h100'],
    [['--role', 'encode'], 'Allowed choices are both, prefill, decode'],
    [['--kv-blocks', '1'], 'a cache has 2 to 100000000 blocks'],
    [['--speed', '0'], 'a speed is a number from 0.01 to 10000'],
    [['--seed', '-1'], 'a seed is a whole number from 0 to 4294967295'],
    [['--count', '65'], 'a fleet has 1 to 64 simulated engines'],
    [['--count', '9', '--port', '65530'], 'need ports above 65535; choose another with --port'],
    [['--port', '0', '--text', 'gone.jsonl'], 'gone.jsonl'],
    [['--port', '0', '--config', 'unchunked.yaml'], 'engine.chunkedPrefill: without it a prompt must fit one step: batchTokensMax is 2048'],
    [['--port', '0', '--config', 'keys.yaml'], 'engine.apiKey and engine.apiKeyFile are both given'],
  ] as const)('%j is answered with words that say how to mend it', async (args, message) => {
    writeFileSync(join(folder, 'unchunked.yaml'), 'engine: { chunkedPrefill: false }\n')
    writeFileSync(join(folder, 'keys.yaml'), 'engine: { apiKey: a, apiKeyFile: ./key }\n')
    const running = await engine(args)
    expect(await running.exited()).toBe(1)
    expect(running.output()).toContain(message)
    expect(running.output()).not.toMatch(/^\s+at /m)
  })
})
