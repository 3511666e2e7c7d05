import { InputError } from "../../../protocol/index.ts"

/**
 * Reads a query string strictly: what is not known, is there twice or is no UTF-8 would otherwise be
 * taken for something else than was meant.
 * @param names the parameters that there are
 * @throws InputError with a sentence for the client
 */
export function parseQuery(query: string, names: readonly string[]): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>()
  if (query === "") return parameters
  for (const part of query.split("&")) {
    const equals = part.indexOf("=")
    const name = decoded(equals < 0 ? part : part.slice(0, equals))
    if (!names.includes(name)) throw new InputError(unknown(name, names))
    if (equals < 0) throw new InputError(`${name} has no value: write ${name}=…`)
    if (parameters.has(name)) throw new InputError(`${name} is there twice`)
    parameters.set(name, decoded(part.slice(equals + 1)))
  }
  return parameters
}

function unknown(name: string, names: readonly string[]): string {
  const known = names.length === 0 ? "none is known here" : `here it is ${names.join(", ")}`
  return `there is no parameter "${name.slice(0, 40)}": ${known}`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "))
  } catch {
    throw new InputError(`"${text.slice(0, 40)}" is not percent-encoded UTF-8`)
  }
}
