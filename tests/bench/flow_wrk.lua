-- wrk: the 25 requests of the session in a fixed cycle.  wrk does not tell a script which connection asks, so
-- the cookies are constant, as they would be in a jar after the logon.
local cookie = "cadata=" .. string.rep("c", 128) .. "; cadataTTL=" .. string.rep("t", 24)
  .. "; cadataKey=" .. string.rep("k", 344) .. "; cadataIV=" .. string.rep("i", 344)
  .. "; cadataSig=" .. string.rep("s", 344) .. "; X-OWA-CANARY=" .. string.rep("C", 76)
local calls = 18
local requests, turn, bad = {}, 0, 0

local function add(method, path, in_session, body)
  local headers = {
    ["User-Agent"] = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
    ["Accept"] = "*/*", ["Accept-Language"] = "en-US,en;q=0.9",
  }
  if body then headers["Content-Type"] = "application/json; charset=utf-8" end
  if in_session then headers["Cookie"] = cookie end
  requests[#requests + 1] = wrk.format(method, path, headers, body)
end

function init()
  add("GET", "/owa/", false)
  add("GET", "/owa/auth/logon.aspx?reason=0&replaceCurrent=1", false)
  add("POST", "/owa/auth.owa", false, "username=x&password=y")
  add("GET", "/owa/", true)
  for n = 1, calls do add("POST", "/owa/service.svc?action=FindItem&ID=-" .. n, true, "{}") end
  for n = 1, 2 do add("POST", "/owa/ev.owa2?UA=0&n=" .. n, true, "") end
  add("GET", "/owa/logoff.owa", true)
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function response(status, headers, body)
  local location = headers["location"] or ""
  if status ~= 200 and status ~= 302 then bad = bad + 1
  elseif headers["x-feserver"] ~= "EX16-01" then bad = bad + 1
  elseif string.find(body, "exsim-marker:", 1, true) and not string.find(body, "user01@", 1, true) then bad = bad + 1 end
end
