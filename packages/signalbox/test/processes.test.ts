import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, bodyOf, send } from './client.ts'
import { eventually, type Fleet, metricsOf, readyPods, runSignalbox, startFleet, sumOf, textOf } from './fleet.ts'
import { isRunning, pidOf, rolesOf } from './roles.ts'

const question = bodyOf({ prompt: 'Still there?', tokens: 3 })
const fleetView = async (fleet: Fleet) => JSON.parse(await textOf(`${fleet.console}/api/console/fleet`))

/** Where the greeting says that the samples are. */
function samplesFolderOf(fleet: Fleet): string {
  return /^ {2}samples {3}(.*)$/m.exec(fleet.output())?.[1] ?? ''
}

/** The times of the gateway's `up` samples in a range, in seconds: what one range selector over it holds. */
async function timesOfUp(fleet: Fleet, startS: number, endS: number): Promise<number[]> {
  const query = encodeURIComponent(`up{job="gateway"}[${Math.ceil(endS - startS) + 1}s]`)
  const answer = JSON.parse(await textOf(`${fleet.console}/api/v1/query?query=${query}&time=${endS}`))
  return (answer.data.result[0]?.values ?? []).map(([time]: [number]) => time).filter((time: number) => time >= startS)
}

describe('a process that is killed', () => {
  let fleet: Fleet
  beforeAll(async () => {
    fleet = await startFleet({ args: ['--engines', '2'] })
    await eventually(async () => (await readyPods(fleet)) === 2, 'two ready engines')
  })
  afterAll(async () => {
    await fleet.interrupt()
  })
  const running = async (role: string) => eventually(() => fleet.output().includes(`${role}: running again`), `${role} to run again`)
  const kill = async (role: 'gateway' | 'monitor' | 'traffic') => {
    const pid = pidOf(fleet, role)
    process.kill(pid, 'SIGKILL')
    await eventually(() => fleet.output().includes(`${role}: ended by SIGKILL; starting it again in 5 s`), `${role}'s restart to be announced`)
    expect(isRunning(pid)).toBe(false)
  }
  const ofTraffic = async () => sumOf(await metricsOf(fleet), 'llm_d_epp_request_total', 'fairness_id="demo-traffic"')

  it('as the gateway leaves a monitor that says so, and serves again when it is back', async () => {
    await kill('gateway')
    const { gateway } = await fleetView(fleet)
    expect(gateway).toMatchObject({ reachable: false, error: expect.stringMatching(/connection refused/i) })
    await running('gateway')
    expect((await ask(fleet.api, question)).status).toBe(200)
    expect((await fleetView(fleet)).gateway).toMatchObject({ reachable: true, error: null })
  })

  it('as the monitor costs no request, and draws and scrapes again when it is back, with the samples from before', async () => {
    const before = await eventually(async () => {
      const nowS = Date.now() / 1000
      const times = await timesOfUp(fleet, nowS - 60, nowS)
      return times.length >= 2 && times
    }, 'two scrapes of the gateway')
    await kill('monitor')
    expect((await ask(fleet.api, question)).status).toBe(200)
    await running('monitor')
    expect((await fetch(fleet.console)).status).toBe(200)
    const up = async () => Number(JSON.parse(await textOf(`${fleet.console}/api/v1/query?query=sum(up)`)).data.result[0]?.value[1])
    await eventually(async () => (await up()) === 4, 'all targets to be scraped again')
    const first = before[0] as number
    const after = await eventually(async () => {
      const times = await timesOfUp(fleet, first, Date.now() / 1000)
      return times.length > before.length && times
    }, 'a sample after the gap')
    expect(after.slice(0, before.length)).toEqual(before)
  })

  it('as the demo traffic costs nothing else, and sends again when it is back', async () => {
    await eventually(async () => (await ofTraffic()) > 0, 'traffic')
    await kill('traffic')
    expect((await ask(fleet.api, question)).status).toBe(200)
    const settled = async () => sumOf(await metricsOf(fleet), 'llm_d_epp_request_running') === 0
    await eventually(settled, "the traffic's last requests to end")
    const before = await ofTraffic()
    await running('traffic')
    await eventually(async () => (await ofTraffic()) > before, 'traffic again')
  })
})

describe('the end', () => {
  it('during the wait for a restart is immediate, and nothing is started after it', async () => {
    const fleet = await startFleet({ args: ['--no-traffic', '--engines', '1'] })
    const roles = rolesOf(fleet)
    process.kill(pidOf(fleet, 'gateway'), 'SIGKILL')
    await eventually(() => fleet.output().includes('gateway: ended by SIGKILL; starting it again'), 'the restart to be announced')
    expect(await fleet.interrupt()).toBe(0)
    expect(fleet.output()).not.toContain('running again')
    expect(roles.filter(({ pid }) => isRunning(pid))).toEqual([])
    await expect(fetch(`${fleet.api}/health`)).rejects.toThrow()
  })

  it('comes at once on a second Ctrl-C, although an answer is under way', async () => {
    const fleet = await startFleet({ args: ['--no-traffic', '--engines', '1'] })
    await eventually(async () => (await readyPods(fleet)) === 1, 'a ready engine')
    const roles = rolesOf(fleet)
    const answer = await send(fleet.api, { id: 'long', body: bodyOf({ prompt: 'A long story', tokens: 4_000, stream: true }) })
    const reader = answer.body?.getReader()
    await reader?.read()
    fleet.child.kill('SIGINT')
    await eventually(() => fleet.output().includes('press again to end at once'), 'the first signal to be noticed')
    expect(await fleet.interrupt()).toBe(130)
    const ended = (async () => {
      for (;;) if ((await reader?.read())?.done !== false) return 'whole'
    })()
    await expect(ended).rejects.toThrow()
    await eventually(() => !roles.some(({ pid }) => isRunning(pid)), 'every role to be gone')
  })

  it('of the supervisor alone, by kill -9, is the end of all its processes', async () => {
    const fleet = await startFleet({ args: ['--engines', '1'] })
    const roles = rolesOf(fleet)
    expect(roles.map(({ role }) => role).sort()).toEqual(['engine', 'gateway', 'monitor', 'traffic'])
    const data = samplesFolderOf(fleet)
    expect(existsSync(join(data, 'lock'))).toBe(true)
    fleet.child.kill('SIGKILL')
    await eventually(() => !roles.some(({ pid }) => isRunning(pid)), 'every role to be gone')
    expect(existsSync(data)).toBe(false)
  })

  it('of a demonstration takes its samples with it', async () => {
    const fleet = await startFleet({ args: ['--no-traffic', '--engines', '1'] })
    const data = samplesFolderOf(fleet)
    expect(existsSync(data)).toBe(true)
    expect(await fleet.interrupt()).toBe(0)
    expect(existsSync(data)).toBe(false)
  })
})

describe('up with --backend', () => {
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-processes-'))
  let engines: Fleet
  let fleet: Fleet
  beforeAll(async () => {
    engines = await startFleet({ args: ['--no-traffic', '--engines', '2'] })
    const backends = [0, 1].flatMap((index) => ['--backend', `http://127.0.0.1:${engines.enginePort + index}`])
    fleet = await startFleet({ args: backends, cwd: folder })
  })
  afterAll(async () => {
    await fleet.interrupt()
    await engines.interrupt()
    rmSync(folder, { recursive: true })
  })

  it('starts no engine and no traffic, and calls nothing simulated', async () => {
    expect(
      rolesOf(fleet)
        .map(({ role }) => role)
        .sort(),
    ).toEqual(['gateway', 'monitor'])
    expect(fleet.output()).not.toContain('simulated')
    const view = await fleetView(fleet)
    expect(view.demo).toEqual({ simulatedEngines: 0, traffic: false })
    expect(view.gateway.endpoints.map((endpoint: { id: string; simulated: boolean }) => [endpoint.id, endpoint.simulated])).toEqual([
      [`127.0.0.1:${engines.enginePort}`, false],
      [`127.0.0.1:${engines.enginePort + 1}`, false],
    ])
  })

  it('routes to the backends, and its monitor scrapes them', async () => {
    await eventually(async () => (await readyPods(fleet)) === 2, 'two ready endpoints')
    expect((await ask(fleet.api, question)).status).toBe(200)
    const up = async () => Number(JSON.parse(await textOf(`${fleet.console}/api/v1/query?query=sum(up)`)).data.result[0]?.value[1])
    await eventually(async () => (await up()) === 4, 'the gateway, the monitor and both engines to be scraped')
  })

  it('keeps its samples beside the configuration file, hidden from version control, for itself alone', async () => {
    const data = join(folder, '.signalbox', 'data')
    expect(samplesFolderOf(fleet)).toBe(data)
    expect(readFileSync(join(folder, '.signalbox', '.gitignore'), 'utf8')).toBe('*\n')
    const second = runSignalbox(['monitor', '--console-port', '0', '--data-folder', data])
    expect(await second.exited()).toBe(1)
    expect(second.output()).toBe(`${data} is in use by process ${pidOf(fleet, 'monitor')}; choose another with --data-folder or monitor.dataFolder\n`)
  })

  it('goes on with them when it is started again', async () => {
    const startS = Date.now() / 1000 - 60
    const before = await eventually(async () => {
      const times = await timesOfUp(fleet, startS, Date.now() / 1000)
      return times.length > 0 && times
    }, 'a scrape of the gateway')
    const args = ['--backend', `http://127.0.0.1:${engines.enginePort}`]
    expect(await fleet.interrupt()).toBe(0)
    fleet = await startFleet({ args, cwd: folder })
    const after = await timesOfUp(fleet, startS, Date.now() / 1000)
    expect(after.slice(0, before.length)).toEqual(before)
  })
})
