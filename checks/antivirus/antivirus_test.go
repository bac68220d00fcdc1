package antivirus

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/checks/checktest"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
)

// A daemon speaks clamd's side of a session: the reply to a question is a function of
// what was sent. A reply "-" closes without one.
type daemon struct {
	say     func(data []byte) string
	limit   int // of the bytes that it takes; 0: none
	oneEach bool
	opened  atomic.Int32
	asked   atomic.Int32
}

// serve answers on one connection until it closes.
func (d *daemon) serve(c net.Conn) {
	d.opened.Add(1)
	defer c.Close()
	buf := make([]byte, 0, 1<<16)
	fill := func(n int) bool { // until buf has n bytes
		for len(buf) < n {
			var piece [1 << 15]byte
			k, err := c.Read(piece[:])
			if buf = append(buf, piece[:k]...); err != nil {
				return len(buf) >= n
			}
		}
		return true
	}
	take := func(n int) []byte { b := bytes.Clone(buf[:n]); buf = buf[n:]; return b }
	if !fill(11) || string(take(11)) != "zIDSESSION\x00" {
		return
	}
	for id := 1; ; id++ {
		if !fill(10) || string(take(10)) != "zINSTREAM\x00" {
			return
		}
		var data []byte
		for {
			if !fill(4) {
				return
			}
			n := int(binary.BigEndian.Uint32(take(4)))
			if d.limit > 0 && len(data)+n > d.limit {
				fmt.Fprintf(c, "%d: INSTREAM size limit exceeded. ERROR\x00", id)
				return // as clamd does, with what was sent unread
			}
			if n == 0 {
				break
			}
			if !fill(n) {
				return
			}
			data = append(data, take(n)...)
		}
		d.asked.Add(1)
		reply := d.say(data)
		if reply == "-" {
			return
		}
		if _, err := c.Write([]byte(strings.ReplaceAll(reply, "$ID", fmt.Sprint(id)))); err != nil || d.oneEach {
			return
		}
	}
}

// piped dials a daemon through pipes: what a fixture needs of a network.
func (d *daemon) piped(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	go d.serve(theirs)
	return ours, nil
}

// listen serves on loopback, or on a unix socket, until the test ends.
func (d *daemon) listen(t *testing.T, network string) (server string) {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = t.TempDir() + "/s"
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { d.serve(c) })
		}
	})
	t.Cleanup(func() { l.Close(); conns.Wait() })
	if network == "unix" {
		return "unix:" + address
	}
	return l.Addr().String()
}

// findings answers by words in what is sent.
func findings(data []byte) string {
	for word, name := range map[string]string{
		"virus-a": "Win.Test.A-1", "eicar": "Eicar-Signature", "ignored": "Harmless.Joke", "phish": "Heuristics.Phishing.Email.SpoofedDomain",
		"locked": "Heuristics.Encrypted.Zip", "macros": "Heuristics.OLE2.ContainsMacros.VBA", "bomb": "Heuristics.Limits.Exceeded.MaxRecursion",
	} {
		if bytes.Contains(data, []byte(word)) {
			return "$ID: stream: " + name + " FOUND\x00"
		}
	}
	switch {
	case bytes.Contains(data, []byte("nonsense")):
		return "$ID: stream: what is this?\x00"
	case bytes.Contains(data, []byte("closes")):
		return "-"
	}
	return "$ID: stream: OK\x00"
}

func TestFixtures(t *testing.T) {
	d := &daemon{say: findings, limit: 4096}
	checktest.Run(t, New(Options{Dial: d.piped, Rules: []Rule{{
		Servers: []string{"clamd:3310"}, Action: actions.Reject, OnFail: actions.SoftReject, Ignore: []string{"Harmless.Joke"},
		Patterns: []Pattern{{"CLAM_PHISHING", `^Heuristics\.Phishing`}, {"CLAM_EICAR", "(?i)eicar"}, {"CLAM_PHISHING", "Phish"}},
	}}}))
}

// run has one rule look at a message, with a store if there is one.
func run(t *testing.T, c *checks.Check, store storage.Store, message string) checks.Outcome {
	t.Helper()
	st := &checks.State{Message: mail.Parse([]byte(message), mail.Envelope{}, mail.Limits{})}
	if store != nil {
		st.Store = func(*checks.Check) storage.Store { return store }
	}
	out, err := st.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// said is what an outcome comes to, in short.
func said(out checks.Outcome) string {
	var words []string
	for _, h := range out.Hits {
		words = append(words, h.Def.Name+"("+strings.Join(h.Options, ",")+")")
	}
	for _, p := range out.PreResults {
		words = append(words, string(p.Value.Action)+": "+p.Value.Message)
	}
	return strings.Join(words, " ")
}

func rule(t *testing.T, r Rule) *scanner {
	t.Helper()
	if err := (Options{Rules: []Rule{r}}).Validate(); err != nil {
		t.Fatal(err)
	}
	s := newScanner(r.withDefaults(), nil)
	t.Cleanup(s.pool.close)
	return s
}

const (
	whole  = "From: a@example.org\r\nSubject: x\r\n\r\n"
	attach = "From: a@example.org\r\nContent-Type: application/octet-stream; name=a.bin\r\n\r\n"
)

func TestWholeMessage(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		var sent [][]byte
		d := &daemon{say: func(data []byte) string { sent = append(sent, data); return findings(data) }}
		c := rule(t, Mailserver(d.listen(t, network))).check()
		if got := said(run(t, c, nil, whole+"eicar")); got != `CLAM_VIRUS(Eicar-Signature) reject: ClamAV FOUND VIRUS "Eicar-Signature"` {
			t.Errorf("%s: %s", network, got)
		}
		large := whole + strings.Repeat("0123456789abcde\n", 80_000)
		if got := said(run(t, c, nil, large)); got != "" {
			t.Errorf("%s: %s", network, got)
		}
		if len(sent) != 2 || string(sent[0]) != lead+whole+"eicar" || string(sent[1]) != lead+large {
			t.Errorf("%s: %d messages were sent, not as they are", network, len(sent))
		}
		if n := d.opened.Load(); n != 1 {
			t.Errorf("%s: %d connections for two messages", network, n)
		}
	}
}

// TestSizeLimit: clamd answers in the middle of what it is sent, and closes. Another
// server would say the same; the next message is on a new connection.
func TestSizeLimit(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		d := &daemon{say: findings, limit: 1000}
		r := Mailserver(d.listen(t, network))
		r.Tries = 5
		c := rule(t, r).check()
		if got := said(run(t, c, nil, whole+"virus-a")); !strings.HasPrefix(got, "CLAM_VIRUS(Win.Test.A-1)") {
			t.Errorf("%s: %s", network, got)
		}
		opened := d.opened.Load()
		got := said(run(t, c, nil, whole+strings.Repeat("x", 3<<20)))
		if got != "CLAM_VIRUS_FAIL(larger than clamd takes)" || d.opened.Load() > opened+1 {
			t.Errorf("%s: %s, %d connections", network, got, d.opened.Load()-opened)
		}
		if got := said(run(t, c, nil, whole+"virus-a")); !strings.HasPrefix(got, "CLAM_VIRUS(Win.Test.A-1)") {
			t.Errorf("%s: %s", network, got)
		}
	}
	d := &daemon{say: findings}
	r := Rule{Servers: []string{d.listen(t, "tcp")}, MaxSize: 20, Whole: true}
	out := run(t, rule(t, r).check(), nil, whole+"virus-a")
	if len(out.Hits) > 0 || len(out.Notes) != 1 || d.asked.Load() > 0 {
		t.Errorf("%s, notes %v, asked %d times", said(out), out.Notes, d.asked.Load())
	}
}
