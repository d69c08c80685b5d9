// Put into a report's page by its test: each chart's title, and which of the variants have left their colour on its canvas.
globalThis.lookAtCharts = () => {
  const { inkOf, pixelsOf, holds } = lookAtInk()
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
