import { type Random, seededRandom } from '@signalbox/base'
import type { AnswerTexts } from './answer-texts.ts'

/** Words of which canned texts consist: four letters at most, so that each with the space before it is one token of `pieces`. */
export const cannedWords: readonly string[] = (
  'the a this that one each our line rail road yard gate post lamp bell rope box gang crew city town hill lake farm mill port ' +
  'run runs goes went come came keep kept hold held send sent wait stop turn pull call sees hear tell know make made take show ' +
  'long slow fast full cold warm dark wide open shut safe late soon next last near far old new red good calm ' +
  'and or but then when as if so by at on in to of for from with over past once more less now here back'
).split(' ')

/** Words of a sentence. */
const SENTENCE_WORDS = 11

/** Sentences of short words, without end: a function of the seed alone. */
export const cannedTexts: AnswerTexts = {
  answer: ({ seed }, charactersMin) => {
    const random = seededRandom(seed)
    let text = cannedSentence(random)
    while (text.length < charactersMin) text += ` ${cannedSentence(random)}`
    return { text, end: undefined }
  },
}

export function cannedWord(random: Random): string {
  return cannedWords[Math.floor(random.next() * cannedWords.length)] as string
}

function cannedSentence(random: Random): string {
  const words = Array.from({ length: SENTENCE_WORDS }, () => cannedWord(random)).join(' ')
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`
}
