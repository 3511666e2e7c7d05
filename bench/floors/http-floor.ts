/*
 * The floor of HTTP: a Bun.serve that returns a constant of the length of an id.
 *
 *   bun bench/floors/http-floor.ts PORT
 */
const { port } = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(Bun.argv[2]),
  development: false,
  fetch: () => new Response("83901585456918570\n"),
})
console.log(`listening on ${port}`)
