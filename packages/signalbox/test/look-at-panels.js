// Put into the console's page by its test: each panel's words and values, and which of its lines have left their colour on its canvas.
globalThis.lookAtPanels = () => {
  /** Whatever the style sheet's notation, as red, green and blue. */
  const inkOf = (element) => {
    const context = canvasOf(1, 1)
    context.fillStyle = getComputedStyle(element).backgroundColor
    context.fillRect(0, 0, 1, 1)
    return context.getImageData(0, 0, 1, 1).data
  }
  const canvasOf = (width, height) =>
    Object.assign(document.createElement('canvas'), { width, height }).getContext('2d', { willReadFrequently: true })
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
  return [...document.querySelectorAll('.panel')].map((panel) => {
    const canvas = panel.querySelector('canvas')
    const pixels = canvas === null ? [] : pixelsOf(canvas)
    const swatches = [...panel.querySelectorAll('.swatch')]
    return {
      title: panel.querySelector('h3').textContent,
      text: panel.textContent,
      values: [...panel.querySelectorAll('.legend-value, .gauge-value')].map((value) => value.textContent).filter((text) => /\d/.test(text)),
      lines: swatches.length,
      drawn: swatches.filter((swatch) => holds(pixels, inkOf(swatch))).map((swatch) => swatch.parentElement.textContent.trim()),
    }
  })
}
