-- Sends the requests of a file in turn: each is a line with its length, then its bytes.
-- Arguments: the file, the number of threads, and how long a client waits between an answer and
-- its next request, in milliseconds.

local threads_made = 0

function setup(thread)
   thread:set("number", threads_made)
   threads_made = threads_made + 1
end

function init(args)
   requests = {}
   local file = assert(io.open(args[1], "rb"))
   local length = file:read("*l")
   while length do
      requests[#requests + 1] = file:read(tonumber(length))
      length = file:read("*l")
   end
   file:close()
   step = tonumber(args[2])
   pause = tonumber(args[3])
   place = number
   if pause > 0 then
      math.randomseed(number + 1)
      delay = function() return pause * 2 * math.random() end
   end
end

function request()
   local text = requests[place % #requests + 1]
   place = place + step
   return text
end

function done(summary, latency, _)
   local errors = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "microseconds": %d, "bytes": %d, "p50": %d, "p99": %d, "most": %d, ' ..
      '"refused": %d, "broken": %d, "late": %d}\n',
      summary.requests, summary.duration, summary.bytes,
      latency:percentile(50), latency:percentile(99), latency.max,
      errors.status, errors.connect + errors.read + errors.write, errors.timeout))
end
