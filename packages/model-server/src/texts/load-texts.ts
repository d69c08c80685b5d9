import { ok, type Result } from '@signalbox/base'
import type { AnswerTexts, TextSource } from './answer-texts.ts'
import { cannedTexts } from './canned-texts.ts'
import { loadDataSet } from './data-set-texts.ts'
import { echoTexts } from './echo-texts.ts'

/** The texts of a source; a file is read once, here. The failure is a sentence. */
export async function loadTexts(source: TextSource): Promise<Result<AnswerTexts, string>> {
  if (source === 'canned') return ok(cannedTexts)
  return source === 'echo' ? ok(echoTexts) : await loadDataSet(source.file)
}
