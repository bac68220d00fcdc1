-- Dialogues of an MTA with the daemon, for miltertest: -Dhost=… -Dport=…
local conn = mt.connect("inet:" .. port .. "@" .. host, 20, 0.25)
if not conn then error("FAILED: connect") end

local function want(got, what)
  if got ~= what then error("FAILED: reply " .. tostring(got) .. ", want " .. tostring(what)) end
end
local function step(err)
  if err ~= nil then error("FAILED: " .. tostring(err)) end
  want(mt.getreply(conn), SMFIR_CONTINUE)
end
local function message(sender, fields, body)
  mt.macro(conn, SMFIC_MAIL, "i", "4A")
  step(mt.mailfrom(conn, sender))
  step(mt.rcptto(conn, "<bob@example.net>"))
  step(mt.rcptto(conn, "<dan@example.net>"))
  for _, field in ipairs(fields) do step(mt.header(conn, field[1], field[2])) end
  step(mt.eoh(conn))
  for _, chunk in ipairs(body) do step(mt.bodystring(conn, chunk)) end
  mt.eom(conn)
  return mt.getreply(conn)
end

step(mt.conninfo(conn, "mail.example.org", "192.0.2.1"))
step(mt.helo(conn, "mail.example.org"))
local tail = "*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X\r\n"
local fields = {{"From", "ann@example.org"}, {"Subject", "test"}, {"X-Spam", "Yes"}}

want(message("<ann@example.org>", fields, {"hello\r\n"}), SMFIR_ACCEPT)
if not mt.eom_check(conn, MT_HDRDELETE, "X-Spam") then error("FAILED: the forged field stays") end
want(message("<ann@example.org>", fields, {"XJS", tail}), SMFIR_REPLYCODE)
mt.mailfrom(conn, "<gone@example.org>"); mt.getreply(conn)
mt.abort(conn)
want(message("<>", {}, {}), SMFIR_ACCEPT)
mt.disconnect(conn)
