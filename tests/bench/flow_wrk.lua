-- wrk: the 25 requests of the session in a fixed cycle, made before it begins.  wrk does not tell a script which
-- connection asks, so the cookies are constant, as they would be in a jar after the logon, and so are canary and ids.
local canary = string.rep("C", 76)
local cookie = "cadata=" .. string.rep("c", 128) .. "; cadataTTL=" .. string.rep("t", 24)
  .. "; cadataKey=" .. string.rep("k", 344) .. "; cadataIV=" .. string.rep("i", 344)
  .. "; cadataSig=" .. string.rep("s", 344) .. "; X-OWA-CANARY=" .. canary
local back_end = "X-BackEndCookie=S-1-5-21-1=" .. string.rep("b", 160) .. "; "
local requests, turn = {}, 0

function init(args)
  local session = dofile(args[1])
  for turn, one in ipairs(session.requests) do
    local headers = one.headers
    headers["client-request-id"] = string.format("8f1c7735-85a9-4000-879e-%012x", turn)
    if one.step == "boot" then headers["Cookie"] = cookie end
    if turn > 4 then headers["Cookie"] = back_end .. cookie end
    if one.step == "service" then
      headers["X-OWA-CANARY"] = canary
      headers["X-OWA-ActionId"] = "-" .. (turn - 4)
      headers["X-OWA-CorrelationId"] = session.client_id .. "_1795446029980" .. string.format("%02d", turn - 4)
      headers["X-OWA-ClientBegin"] = "2026-11-23T15:00:29.980"
    end
    requests[turn] = wrk.format(one.method, one.path, headers, one.body)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

local function held(status, headers, body)
  if status ~= 200 and status ~= 302 then return "lost" end
  if headers["x-feserver"] ~= "EX16-01" then return "front end" end
  if not string.find(body, "exsim-marker:", 1, true) then return nil end
  if not string.find(body, "user01@", 1, true) then return "wrong mailbox" end
  if not string.find(body, '"ResponseCode":"NoError"', 1, true) then return "an error of the application's" end
end

-- Which request it answers wrk does not say, so that a redirect to the logon page is none of its checks.
function response(status, headers, body)
  local wrong = held(status, headers, body)
  if wrong then
    print(wrong)
    os.exit(9)
  end
end
