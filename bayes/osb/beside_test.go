package osb_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/bayes/osb"
	"github.com/winnowmail/winnow/internal/redistest"
	"github.com/winnowmail/winnow/internal/rspamdtest"
	"github.com/winnowmail/winnow/storage/redis"
)

// TestBesideRspamd34 has a real Rspamd learn what this package has learned in the same
// Redis, and the other way round: each knows what the other did last.
func TestBesideRspamd34(t *testing.T) {
	server := redistest.Start(t)
	controller := redistest.FreeAddr(t)
	rspamdtest.Start(t, server.Addr, []string{"once_received"}, strings.NewReplacer("$C", controller, "$R", server.Addr).Replace(`
worker "controller" { bind_socket = "$C"; count = 1; password = "q1"; secure_ip = "127.0.0.1"; }
classifier "bayes" {
  tokenizer { name = "osb"; }
  cache { }
  new_schema = true; backend = "redis"; servers = "$R"; min_tokens = 11; min_learns = 200; timeout = 60s;
  statfile { symbol = "BAYES_HAM"; spam = false; }
  statfile { symbol = "BAYES_SPAM"; spam = true; }
}
`), "")
	store := redistest.Open(t, redis.Options{Addrs: []string{server.Addr}, Rspamd: true})
	c, err := osb.New(store, osb.Options{Dialect: osb.Rspamd34})
	if err != nil {
		t.Fatal(err)
	}
	redistest.Await(t, "rspamd's controller answers", func() bool {
		a, err := http.Get("http://" + controller + "/ping")
		if err == nil {
			a.Body.Close()
		}
		return err == nil
	})
	theirs := func(class, raw string, status int) {
		t.Helper()
		a, err := http.Post("http://"+controller+"/learn"+class, "", strings.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		if a.StatusCode != status {
			t.Errorf("Rspamd learns %s: status %d, want %d", class, a.StatusCode, status)
		}
	}
	ours := func(class, raw string, outcome bayes.Outcome, was bayes.Class) {
		t.Helper()
		m := parse(t, []byte(raw))
		r, err := c.Teach(t.Context(), bayes.Digest(m), class, m, false)
		if class == "" {
			r, err = c.Forget(t.Context(), bayes.Digest(m), m)
		}
		if err != nil || r.Outcome != outcome || r.Was != was {
			t.Errorf("we learn %q: %+v, %v, want %s, was %q", class, r, err, outcome, was)
		}
	}
	lessons := func(spam, ham string) {
		t.Helper()
		if got := server.Must("HMGET", "RS", "learns_spam", "learns_ham"); got != spam+"\n"+ham {
			t.Errorf("lessons %q, want %s and %s", got, spam, ham)
		}
	}
	for _, head := range []string{"", "User-Agent: Zebra 1\r\nContent-Type: text/plain\r\n", "X-Mailer: Okapi 2\r\nUser-Agent: Zebra 1\r\nContent-Type: text/plain\r\nX-MimeOLE: Gnu 3\r\n"} {
		server.Must("FLUSHALL")
		mail := func(n int) string {
			return fmt.Sprintf("From: Anna <anna@example.org>\r\nSubject: meeting %d\r\nDate: Thu, 26 Nov 2026 10:14:58 +0000\r\n%s\r\nwe have the figures of this quarter for you and they will be with us in the morning, so that you should bring all of your copies to the room %d\r\n", n, head, n)
		}
		first, second := mail(1), mail(2)
		theirs("spam", first, 200)
		ours("spam", first, bayes.Already, bayes.Spam)
		ours("ham", first, bayes.Learned, bayes.Spam)
		lessons("0", "1")
		theirs("ham", first, 208)
		theirs("spam", first, 200)
		ours("spam", first, bayes.Already, bayes.Spam)
		ours("", first, bayes.Undone, bayes.Spam)
		theirs("ham", first, 200)
		ours("ham", first, bayes.Already, bayes.Ham)
		lessons("0", "1")

		ours("spam", second, bayes.Learned, "")
		theirs("spam", second, 208)
		lessons("1", "1")
		theirs("ham", second, 200)
		ours("ham", second, bayes.Already, bayes.Ham)
		ours("spam", second, bayes.Learned, bayes.Ham)
		theirs("spam", second, 208)
	}
}
