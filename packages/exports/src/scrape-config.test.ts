import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { golden } from './golden.case.ts'
import { kubernetesScrapeConfig, staticScrapeConfig } from './scrape-config.ts'

const options = { scrapeIntervalSeconds: 15, ruleFiles: ['*.rules.yml'] }

describe('a scrape configuration for Kubernetes', () => {
  const tokenFile = '/var/run/secrets/kubernetes.io/serviceaccount/token'

  it('has the five jobs', () => {
    const text = kubernetesScrapeConfig({ ...options, namespaces: ['llm-d'], tokenFile })
    expect(text).toBe(golden('kubernetes.yml', text))
  })

  it('looks in all namespaces where none is named', () => {
    expect(kubernetesScrapeConfig({ ...options, namespaces: [], tokenFile })).not.toContain('namespaces:')
  })
})

describe('a scrape configuration without Kubernetes', () => {
  it('names each target with its scheme, port and instance, and the file with the token', () => {
    const text = staticScrapeConfig(
      [
        { name: 'gateway', targets: [{ url: 'http://127.0.0.1:9090' }], tokenFile: 'token' },
        {
          name: 'engine',
          targets: [
            { url: 'https://gpu1', instance: 'one' },
            { url: 'http://[::1]:8000', instance: 'on' },
            { url: 'http://gpu2', instance: 'two' },
          ],
        },
        { name: 'nobody', targets: [] },
      ],
      { ...options, ruleFiles: [] },
    )
    expect(parse(text, { version: '1.1' })).toEqual({
      global: { scrape_interval: '15s' },
      scrape_configs: [
        { job_name: 'gateway', authorization: { type: 'Bearer', credentials_file: 'token' }, static_configs: [{ targets: ['127.0.0.1:9090'] }] },
        {
          job_name: 'engine',
          static_configs: [
            { targets: ['gpu1:443'], labels: { __scheme__: 'https', instance: 'one' } },
            { targets: ['[::1]:8000'], labels: { instance: 'on' } },
            { targets: ['gpu2:80'], labels: { instance: 'two' } },
          ],
        },
      ],
    })
  })
})
