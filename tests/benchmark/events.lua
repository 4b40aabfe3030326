-- wrk script: events of a fixed size with many keys, one or several a request.
-- wrk ... -s events.lua URL -- TOPIC BYTES LINES
local requests, turn = {}, 0

local function event(number, bytes)
  local head = string.format('{"id":"e%09d","key":"k%04d","n":%d,"pad":"', number, number % 997, number)
  return head .. string.rep("x", bytes - #head - 2) .. '"}'
end

function init(arguments)
  local path = "/v1/topics/" .. arguments[1] .. "/events"
  local bytes, lines = tonumber(arguments[2]), tonumber(arguments[3])
  local type = lines == 1 and "application/json" or "application/x-ndjson"
  for i = 1, lines == 1 and 512 or 8 do
    local body = {}
    for j = 1, lines do body[j] = event(i * lines + j, bytes) end
    requests[i] = wrk.format("POST", path, { ["Content-Type"] = type }, table.concat(body, "\n"))
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency)
  local wrong = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%.6f,"refused":%d,"broken":%d,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f}\n',
    summary.requests, summary.duration / 1e6, wrong.status, wrong.connect + wrong.read + wrong.write + wrong.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3, latency.max / 1e3))
end
