/** Tokens that an inline image takes, whatever its size. */
export const imageTokens = 1000

/** Images are numbered from here up; no text token of any tokenizer reaches it. */
const FIRST_IMAGE_TOKEN = 0xc000_0000

/** Appends the tokens of an image: one number that stands for its URL, so that equal images are equal prefixes. */
export function appendImage(url: string, tokens: number[]): void {
  let hash = 0x811c_9dc5
  for (let at = 0; at < url.length; at++) hash = Math.imul(hash ^ url.charCodeAt(at), 0x0100_0193)
  const token = FIRST_IMAGE_TOKEN + (hash >>> 2)
  for (let index = 0; index < imageTokens; index++) tokens.push(token)
}
