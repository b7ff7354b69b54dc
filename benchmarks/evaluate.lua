-- Every request evaluates the same flag for another user, so that members, rule and split are all met with.
local contexts = {}
local next = 0

function init()
  for number = 1, 1000 do
    local body = '{"flagKey": "new-checkout", "defaultValue": false, "context": {"targetingKey": "user-' .. number ..
      '", "country": "US", "plan": "premium"}}'
    contexts[number] = wrk.format("POST", nil, {["Content-Type"] = "application/json"}, body)
  end
end

function request()
  next = next % #contexts + 1
  return contexts[next]
end
