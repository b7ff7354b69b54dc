// Holds what the dashboard showed against the schemas of Interval's browser code.
// Reads lines [where, "render" or "layout", JSON] from the file that is named; prints one line for each refusal.
const fs = require('fs')
const { IO_RENDER, ioSchema } = require('@interval/sdk/dist/ioSchema')
const { LAYOUT_SCHEMA } = require('@interval/sdk/dist/classes/Layout')
const { default: superjson } = require('superjson')

let checked = 0

function report(where, result) {
  checked += 1
  if (!result.success) console.log(`${where}: ${JSON.stringify(result.error.issues).slice(0, 2000)}`)
}

function checkComponents(where, render) {
  for (const { methodName, label, props, propsMeta } of render.toRender) {
    const schema = ioSchema[methodName]
    const given = superjson.deserialize({ json: props ?? {}, meta: propsMeta ?? undefined })
    report(`${where} ${methodName} "${label}"`, schema ? schema.props.safeParse(given) : unknown(methodName))
  }
}

function unknown(methodName) {
  return { success: false, error: { issues: [`the browser knows no ${methodName}`] } }
}

for (const line of fs.readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean)) {
  const [where, kind, shown] = JSON.parse(line)
  const schema = kind === 'layout' ? LAYOUT_SCHEMA : IO_RENDER
  report(where, schema.safeParse(shown))
  const render = kind === 'layout' ? shown.children : shown
  if (render) checkComponents(where, render)
}
console.log(`checked ${checked}`)
