-- wrk script: sends each request to the next node of the cluster, in turn.
--
--   wrk -t6 -c30 -d30s --latency -s bench/run.lua http://127.0.0.1:5454 -- 4 /lunique
--
-- The arguments after `--` are the number of nodes, whose ports count up from that of the URL, and
-- the path; without them 4 and /lunique. A connection of wrk stays with one address, so each of its
-- threads is given a node of its own, and the threads go round the nodes.

local threads = 0

function setup(thread)
  thread:set("index", threads)
  threads = threads + 1
end

function init(args)
  local nodes = tonumber(args[1] or 4)
  local path = args[2] or "/lunique"
  local port = tonumber(wrk.port) + index % nodes
  wrk.thread.addr = wrk.lookup(wrk.host, tostring(port))[1]
  wrk.headers["Host"] = wrk.host .. ":" .. port
  request_bytes = wrk.format("GET", path)
end

function request()
  return request_bytes
end
