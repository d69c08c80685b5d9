// Put into the console's page by its test: each panel's words and values, and which of its lines have left their colour on its canvas.
globalThis.lookAtPanels = () => {
  const { inkOf, pixelsOf, holds } = lookAtInk()
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
