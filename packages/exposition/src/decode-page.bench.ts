import { bench, describe } from 'vitest'
import { decodePage, parseSeries } from './index.ts'

/** As one engine with 5,500 series writes it: histograms of 30 buckets over several models. */
function vllmPage(): Uint8Array {
  let page = ''
  for (let i = 0; i < 5_500; i++) {
    if (i % 110 === 0) page += `# HELP vllm:family_${i}_seconds Histogram of something in seconds.\n# TYPE vllm:family_${i}_seconds histogram\n`
    const family = `vllm:family_${i - (i % 110)}_seconds_bucket`
    page += `${family}{engine="${i % 4}",le="${(i % 30) / 8}",model_name="meta-llama/Llama-3.1-${i % 110}B-Instruct"} ${i * 37}.0\n`
  }
  return new TextEncoder().encode(page)
}

const page = vllmPage()
const refs = new Map<string, number>()
decodePage(page, { sample: (series) => refs.set(series, refs.size) })
let sink = 0

// For comparing revisions: as absolute figures these times are several times too high, because the test runner reaches every
// imported name through a getter, here once a byte. Bundled figures stand at `decodePage`.
describe(`a page of ${refs.size} series, ${page.length} bytes`, () => {
  bench('decode', () => {
    decodePage(page, { sample: (_, value) => (sink += value) })
  })
  bench('decode, known series looked up', () => {
    decodePage(page, { sample: (series, value) => (sink += value + (refs.get(series) ?? 0)) })
  })
  bench('decode, every series parsed', () => {
    decodePage(page, { sample: (series, value) => (sink += value + (parseSeries(series).ok ? 1 : 0)) })
  })
  bench('decode, nothing wanted', () => {
    decodePage(page, { wants: () => false, sample: (_, value) => (sink += value) })
  })
})
