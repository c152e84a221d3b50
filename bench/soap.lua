-- wrk's script: posts the bodies of a file, one a line, in their order and over again.
--   wrk -t 1 -c 8 -d 2s -s soap.lua URL -- FILE
local requests = {}
local at = 0

function init(args)
  local headers = { ["Content-Type"] = "application/soap+xml" }
  for body in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("POST", nil, headers, body)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
