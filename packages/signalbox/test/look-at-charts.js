// Put into a report's page by its test: each chart's title, and which of the variants have left their colour on its canvas.
globalThis.lookAtCharts = () => {
  const canvasOf = (width, height) =>
    Object.assign(document.createElement('canvas'), { width, height }).getContext('2d', { willReadFrequently: true })
  /** Whatever the style sheet's notation, as red, green and blue. */
  const inkOf = (element) => {
    const context = canvasOf(1, 1)
    context.fillStyle = getComputedStyle(element).backgroundColor
    context.fillRect(0, 0, 1, 1)
    return context.getImageData(0, 0, 1, 1).data
  }
  const pixelsOf = (canvas) => {
    const copy = canvasOf(canvas.width, canvas.height)
    copy.drawImage(canvas, 0, 0)
    return copy.getImageData(0, 0, canvas.width, canvas.height).data
  }
  const holds = (pixels, [red, green, blue]) => {
    for (let at = 0; at < pixels.length; at += 4) {
      const distance = Math.abs(pixels[at] - red) + Math.abs(pixels[at + 1] - green) + Math.abs(pixels[at + 2] - blue)
      if (pixels[at + 3] > 200 && distance < 12) return true
    }
    return false
  }
  const variants = [...document.querySelectorAll('.variants button')].map((button) => ({
    name: button.textContent.trim(),
    ink: inkOf(button.querySelector('.swatch')),
  }))
  return [...document.querySelectorAll('.chart-card')].map((card) => {
    const pixels = pixelsOf(card.querySelector('canvas'))
    return {
      title: card.querySelector('figcaption').firstChild.textContent,
      drawn: variants.filter(({ ink }) => holds(pixels, ink)).map(({ name }) => name),
    }
  })
}
