package replies_test

import (
	"os"
	"strings"
	"testing"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks/replies"
	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/internal/rspamdtest"
	"github.com/winnowmail/winnow/internal/shared"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage/redis"
)

// TestBesideRspamd has an Rspamd 3.4 and a scanner on one redis-server: what one
// recorded, the other recognises.
func TestBesideRspamd(t *testing.T) {
	server := redistest.Start(t)
	theirs := rspamdtest.Start(t, server.Addr, []string{"replies"}, "replies { expire = 86400; }", "")
	store := redistest.Open(t, redis.Options{Addrs: []string{server.Addr}, Rspamd: true})
	ours := open(t, replies.Options{}, store)
	inTheirs := func(header string, env mail.Envelope) bool {
		raw := strings.ReplaceAll(header+"To: "+env.Rcpts[0]+"\nSubject: hello\n\nhello\n", "\n", "\r\n")
		headers := map[string]string{"IP": env.ClientIP.String(), "From": env.From, "Rcpt": strings.Join(env.Rcpts, ",")}
		if env.User != "" {
			headers["User"] = env.User
		}
		_, ok := theirs.Scan([]byte(raw), headers).Symbols["REPLY"]
		return ok
	}
	const from, by = "From: Ann <ann@example.org>\n", "From: Bob <bob@example.net>\n"
	for what, c := range map[string]struct{ sent, answer string }{
		"plain":             {from + "Message-ID: <1@example.org>\n", by + "In-Reply-To: <1@example.org>\n"},
		"folded":            {from + "Message-ID:\n <2@example.org>\n", by + "In-Reply-To:\n\t<2@example.org>\n"},
		"white space":       {from + "Message-ID:   <3 \n\t a@example.org>\t\n", by + "In-Reply-To: <3  a@example.org>\t\n"},
		"capitals":          {"From: ANN@EXAMPLE.ORG\nMessage-ID: <4@Example.org>\n", by + "In-Reply-To: <4@Example.org>\n"},
		"Reply-To":          {from + "Message-ID: <5@example.org>\nReply-To: Desk <ANN@example.org>\n", by + "In-Reply-To: <5@example.org>\n"},
		"no brackets":       {from + "Message-ID: 6.ann\n", by + "In-Reply-To: 6.ann\n"},
		"not ASCII":         {from + "Message-ID: <7-\xc3\xa4@example.org>\n", by + "In-Reply-To: <7-\xc3\xa4@example.org>\n"},
		"envelope's sender": {"Message-ID: <8@example.org>\n", by + "In-Reply-To: <8@example.org>\n"},
	} {
		for _, mine := range []bool{true, false} {
			server.Must("FLUSHALL")
			if mine {
				expect(t, ours, what, c.sent, sent(), false)
			} else if inTheirs(c.sent, sent()) {
				t.Errorf("%s: Rspamd takes the letter for a reply", what)
			}
			if !inTheirs(c.answer, answer()) {
				t.Errorf("%s, recorded by us %v: no reply for Rspamd", what, mine)
			}
			expect(t, ours, what, c.answer, answer(), true)
			other := answer()
			other.Rcpts = []string{"eve@example.org"}
			if inTheirs(c.answer, other) || scan(t, ours, c.answer, other).Has("REPLY") {
				t.Errorf("%s, recorded by us %v: a reply to somebody else", what, mine)
			}
		}
	}
	if ttl := server.Must("TTL", strings.Fields(server.Must("KEYS", "rr*"))[0]); !strings.HasPrefix(ttl, "86") {
		t.Errorf("TTL %s", ttl)
	}
}

// Rspamd's own tests of the module.
func TestRspamdCases(t *testing.T) {
	read := func(name string) string {
		data, err := os.ReadFile(shared.Path(t, "suites/rspamd/messages/"+name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	const first = "in-reply-to: 0012\nmessage-id: 0012\nFrom: <xxxx@emailbl.com>\nTo: <user@emailbl.com>\n\ntest\n"
	for want, rcpt := range map[bool]string{true: "xxxx@emailbl.com", false: "another@emailbl.com"} {
		s := open(t, replies.Options{}, memory())
		scan(t, s, first, mail.Envelope{User: "xxxx@emailbl.com"})
		res, err := s.Scan(t.Context(), &winnow.Message{Envelope: mail.Envelope{Rcpts: []string{rcpt}}, Body: winnow.FromBytes([]byte(read("replyto_1_2.eml")))})
		if err != nil || res.Has("REPLY") != want {
			t.Errorf("to %s: %v, %v", rcpt, res.Symbols, err)
		}
	}
}
