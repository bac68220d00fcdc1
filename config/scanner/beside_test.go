package scanner

import (
	"fmt"
	"maps"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/internal/rspamdtest"
	"github.com/winnowmail/winnow/mail"
)

// besideRules are what an operator writes to local.d, by file. $M is the directory of
// their maps.
var besideRules = map[string]string{
	"multimap.conf": `
OP_IP { type = "ip"; map = ["192.0.2.0/24", "2001:db8::/32"]; score = 1.5; }
OP_FROM { type = "from"; filter = "email:domain"; map = ["example.org"]; score = 2; }
OP_FROM_FULL { type = "from"; map = "$M/from.map"; score = 1; }
OP_FROM_GLOB { type = "from"; glob = true; map = "$M/from.glob"; score = 0.5; }
OP_FROM_RE { type = "from"; regexp = true; map = "$M/from.re"; score = 0.5; }
OP_FROM_MIME { type = "header"; header = "From"; filter = "email:user"; map = ["news"]; score = 0.7; }
OP_RCPT { type = "rcpt"; filter = "email:domain"; map = ["example.com"]; score = -1; }
OP_SUBJECT { type = "header"; header = "Subject"; regexp = true; map = "$M/subject.re"; score = 3; }
OP_NAMES { type = "header"; header = "X-Kind"; map = "$M/names.map"; symbols = ["OP_KIND_A", "OP_KIND_B"]; score = 1; }
OP_BODY { type = "content"; filter = "body"; regexp = true; map = "$M/body.re"; score = 1.25; }
OP_URL { type = "url"; filter = "tld"; map = ["bad-shop.com"]; score = 4; }
OP_FILE { type = "filename"; filter = "extension"; map = ["xyz"]; score = 2.5; }
OP_HELO { type = "helo"; regexp = true; map = "$M/helo.re"; score = 0.3; }
OP_USER { type = "user"; map = ["ann"]; score = -3; }
OP_SELECT { type = "selector"; selector = "header('X-Kind').lower"; map = ["special"]; score = 0.9; }
OP_REQUIRED { type = "header"; header = "Subject"; regexp = true; map = "$M/subject.re"; require_symbols = "OP_IP & !OP_USER"; score = 0.2; }
`,
	"regexp.conf": `
OP_RE { re = "Subject=/meeting/i{header} & !Subject=/cancelled/i{header}"; score = 1; }
OP_RE_BODY { re = "/quarterly\\s+figures/i{sa_body}"; score = 0.4; }
OP_RE_URL { re = "/pay\\.php/i{url}"; score = 0.6; }
OP_RE_COUNT { re = "/[A-Z]{5,}/{sa_body}"; score = 0.1; }
OP_RE_NAMED { re = "X-Kind=/^special$/Hi"; score = 0.15; }
`,
	"composites.conf": `
OP_BOTH { expression = "OP_IP & OP_FROM"; score = 1.1; policy = "leave"; }
OP_INSTEAD { expression = "OP_URL & OP_RE_URL"; score = 9; }
OP_NEVER { expression = "OP_USER & !OP_USER"; score = 5; }
OP_WITHOUT { expression = "OP_BODY & ~OP_HELO"; score = 0.8; }
`,
	"force_actions.conf": `
rules { OP_FORCE { action = "reject"; expression = "OP_SUBJECT & OP_IP"; message = "not here"; honor_action = ["soft reject"]; } }
`,
	"settings.conf": `
op_quiet { from = "@quiet.example.net"; apply { symbols_disabled = ["OP_IP", "OP_RE"]; } }
op_dear { rcpt = "dear@example.com"; apply { scores { OP_RCPT = -7; } } }
`,
}

var besideMaps = map[string]string{
	"from.map":   "# exact\nboss@example.org\nnews7@example.org   an annotation\n",
	"from.glob":  "*@*.example.net\ninfo-??@example.org\n",
	"from.re":    "/^news[0-9]+@/i\n/@quiet\\./\n",
	"subject.re": "/winner/i\n/^urgent:/i\n",
	"names.map":  "a OP_KIND_A:2.5\nb OP_KIND_B\nc OP_KIND_A\nd\n",
	"body.re":    "/wire transfer/i\n",
	"helo.re":    "/^pc\\d+\\./\n",
}

// besideMails are what both scan: an envelope, and a message.
var besideMails = []struct{ ip, helo, user, from, rcpt, raw string }{
	{"192.0.2.7", "mx.example.org", "", "boss@example.org", "bob@example.com", "Subject: Meeting tomorrow\r\nX-Kind: Special\r\n\r\nThe quarterly figures are done.\r\n"},
	{"198.51.100.7", "pc12.example.org", "", "news7@example.org", "bob@example.com,carl@example.net", "From: News <news@example.org>\r\nSubject: You are a WINNER\r\n\r\nA wire transfer waits at http://www.bad-shop.com/pay.php?x=1 for you.\r\n"},
	{"192.0.2.9", "pc1.example.net", "", "x@a.example.net", "dear@example.com", "Subject: urgent: WINNER\r\nX-Kind: a\r\n\r\nHELLO THERE, no wire transfer.\r\n"},
	{"2001:db8::1", "h.example.net", "ann", "ann@quiet.example.net", "bob@example.com", "Subject: the meeting is cancelled\r\nX-Kind: b\r\n\r\nWire  transfer, wire transfer.\r\n"},
	{"192.0.2.77", "h.example.net", "ann", "info-42@example.org", "bob@example.org", "Subject: Re: winner\r\nX-Kind: c\r\n\r\nsee https://pay.example.net/PAY.PHP\r\n"},
	{"203.0.113.5", "h", "", "", "postmaster@example.com", "Subject: none\r\nX-Kind: d\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nthe file\r\n--b\r\nContent-Type: application/octet-stream; name=\"data.XYZ\"\r\nContent-Disposition: attachment; filename=\"data.xyz\"\r\n\r\nabc\r\n--b--\r\n"},
	{"198.51.100.9", "h.example.com", "", "a@example.com", "b@example.net", "Subject: =?utf-8?q?Meet=69ng?= \r\n\r\nNothing of the kind.\r\n"},
}

// TestBesideRspamd34 has a real Rspamd and a Scanner read the same rules of an operator
// and scan the same mails: the symbols that the rules make are the same, with scores and
// options, and so is the action that one of them forces.
func TestBesideRspamd34(t *testing.T) {
	dir := t.TempDir()
	for name, text := range besideMaps {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	sections, files := "", map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(besideRules)) {
		text := strings.ReplaceAll(besideRules[name], "$M", dir)
		section, _, _ := strings.Cut(name, ".")
		sections += section + " {" + text + "}\n"
		files["local.d/"+name] = text
	}
	theirs := rspamdtest.Start(t, "127.0.0.1:9", []string{"multimap", "force_actions", "settings"}, sections+`options { filters = "regexp"; }`, `rspamd_parse_redis_server = require("lua_redis").parse_redis_server`)
	s, ours, _ := setup(t, files)
	for _, w := range s.Warnings {
		t.Errorf("a warning: %s", w)
	}
	raised := map[string]bool{}
	for i, m := range besideMails {
		envelope := map[string]string{"IP": m.ip, "Helo": m.helo, "From": m.from, "Rcpt": m.rcpt}
		if m.user != "" {
			envelope["User"] = m.user
		}
		want := theirs.Scan([]byte(m.raw), envelope)
		got, err := ours.Scan(t.Context(), &winnow.Message{
			Body: winnow.FromBytes([]byte(m.raw)),
			Envelope: mail.Envelope{ClientIP: netip.MustParseAddr(m.ip), Helo: m.helo, User: m.user, From: m.from,
				Rcpts: strings.Split(m.rcpt, ",")},
		})
		if err != nil {
			t.Fatal(err)
		}
		var expect, found []string
		for name, s := range want.Symbols {
			expect = besideLine(expect, name, s.Score, s.Options)
			raised[name] = true
		}
		for _, s := range got.Symbols {
			found = besideLine(found, s.Name, s.Score, s.Options)
		}
		slices.Sort(expect)
		slices.Sort(found)
		if !slices.Equal(found, expect) {
			t.Errorf("mail %d:\n ours   %v\n theirs %v", i, found, expect)
		}
		if forced := want.Action == "reject"; forced != (got.Action == "reject") {
			t.Errorf("mail %d: %s, Rspamd's %s", i, got.Action, want.Action)
		}
	}
	for _, name := range regexp.MustCompile(`OP_\w+`).FindAllString(fmt.Sprint(besideRules), -1) {
		switch name {
		case "OP_NEVER", "OP_URL": // of the second only OP_INSTEAD is left
		default:
			if !raised[name] && !raised["FORCE_ACTION_"+name] {
				t.Errorf("no mail raises %s", name)
			}
		}
	}
}

// besideLine adds a symbol of the operator's.
func besideLine(list []string, name string, score float64, options []string) []string {
	if !strings.HasPrefix(name, "OP_") && !strings.HasPrefix(name, "FORCE_ACTION_OP_") {
		return list
	}
	options = slices.Sorted(slices.Values(options))
	return append(list, fmt.Sprintf("%s(%g)%q", name, math.Round(score*1000)/1000, options))
}
