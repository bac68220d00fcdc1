package antivirus

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

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

// TestStaleSession: a connection that clamd closed while it waited is replaced, and
// that is no failed try.
func TestStaleSession(t *testing.T) {
	d := &daemon{say: findings, oneEach: true}
	r := Mailserver(d.listen(t, "tcp"))
	r.Tries = 1
	c := rule(t, r).check()
	for range 4 {
		if got := said(run(t, c, nil, whole+"eicar")); !strings.HasPrefix(got, "CLAM_VIRUS(") {
			t.Fatal(got)
		}
	}
	if n := d.opened.Load(); n != 4 {
		t.Errorf("%d connections", n)
	}
}

// TestBadReplies: whatever a server says that is no answer, another is asked, and
// where none knows better the message is not called clean.
func TestBadReplies(t *testing.T) {
	good := &daemon{say: findings}
	for reply, want := range map[string]string{
		"$ID: stream: nothing special\x00":             "unhandled response",
		"$ID: stream:  FOUND\x00":                      "unhandled response",
		"$ID: stream: Can't allocate memory ERROR\x00": "unhandled response",
		"UNKNOWN COMMAND\x00":                          "unhandled response",
		"HTTP/1.1 400 Bad Request\r\n\r\n\x00":         "unhandled response",
		"\x00":                                         "unhandled response",
		"77: stream: OK\x00":                           "connection failed", // of another question
		"$ID: stream: OK":                              "connection failed", // half of one
		"-":                                            "connection failed",
		strings.Repeat("x", maxReply+1):                "connection failed",
	} {
		bad := &daemon{say: func([]byte) string { return reply }, oneEach: true}
		r := Rule{Servers: []string{bad.listen(t, "tcp")}, Whole: true, Action: actions.Reject}
		if got := said(run(t, rule(t, r).check(), nil, whole+"virus-a")); got != "CLAM_VIRUS_FAIL("+want+")" {
			t.Errorf("%.40q: %s", reply, got)
		}
		if n := bad.asked.Load(); n != 2 {
			t.Errorf("%.40q: asked %d times", reply, n)
		}
		r.Servers = append(r.Servers, good.listen(t, "tcp"))
		if got := said(run(t, rule(t, r).check(), nil, whole+"virus-a")); !strings.HasPrefix(got, "CLAM_VIRUS(Win.Test.A-1) reject") {
			t.Errorf("%.40q and a good server: %s", reply, got)
		}
	}
}

// TestExtraReply: a connection on which more than the answer came is not used again.
func TestExtraReply(t *testing.T) {
	d := &daemon{say: func([]byte) string { return "$ID: stream: OK\x002: stream: OK\x00" }}
	c := rule(t, Mailserver(d.listen(t, "tcp"))).check()
	for range 3 {
		if got := said(run(t, c, nil, whole+"x")); got != "" {
			t.Error(got)
		}
	}
	if n := d.opened.Load(); n != 3 {
		t.Errorf("%d connections", n)
	}
}

// TestDeadServer: a clamd that is down or does not answer changes nothing by default,
// which a symbol says; with OnFail the message is deferred.
func TestDeadServer(t *testing.T) {
	release := make(chan struct{})
	stalls := &daemon{say: func([]byte) string { <-release; return "-" }}
	down, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := down.Addr().String()
	down.Close()
	for server, want := range map[string]string{
		address: "connection failed", "unix:" + t.TempDir() + "/none": "connection failed", stalls.listen(t, "unix"): "no answer in time",
	} {
		r := Mailserver(server)
		r.Timeout, r.Tries = 50*time.Millisecond, 1
		if got := said(run(t, rule(t, r).check(), nil, whole+"eicar")); got != "CLAM_VIRUS_FAIL("+want+")" {
			t.Error(got)
		}
		r.OnFail = actions.SoftReject
		out := run(t, rule(t, r).check(), nil, whole+"eicar")
		if got := said(out); got != "CLAM_VIRUS_FAIL("+want+") soft reject: Message could not be checked for viruses" || !out.PreResults[0].Value.Least {
			t.Error(got)
		}
	}
	close(release)
}

// TestParts: attachments are sent, decoded, each content once; after one that nobody
// answered the others are not tried.
func TestParts(t *testing.T) {
	const b = "--b\r\nContent-Type: "
	message := "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b + "text/plain\r\n\r\neicar in the text\r\n" +
		b + "application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\ndmlydXMtYQ==\r\n" +
		b + "application/pdf; name=b.pdf\r\n\r\nvirus-a\r\n" +
		b + "image/png\r\n\r\neicar\r\n" +
		b + "text/plain; name=c.txt\r\nContent-Disposition: attachment\r\n\r\nlocked\r\n" +
		b + "message/rfc822\r\n\r\nContent-Type: application/zip\r\n\r\nmacros\r\n--b--\r\n"
	for _, c := range []struct {
		rule  Rule
		asked int32
		want  string
	}{
		{Rule{}, 3, "CLAM_VIRUS(Win.Test.A-1) CLAM_VIRUS(Win.Test.A-1) CLAM_VIRUS_ENCRYPTED(File is encrypted) CLAM_VIRUS_MACRO(File contains macros)"},
		{Rule{Text: true, Images: true}, 5, "CLAM_VIRUS(Eicar-Signature) CLAM_VIRUS(Win.Test.A-1) CLAM_VIRUS(Win.Test.A-1) CLAM_VIRUS(Eicar-Signature) " +
			"CLAM_VIRUS_ENCRYPTED(File is encrypted) CLAM_VIRUS_MACRO(File contains macros)"},
	} {
		d := &daemon{say: findings}
		c.rule.Servers = []string{d.listen(t, "unix")}
		if got := said(run(t, rule(t, c.rule).check(), nil, message)); got != c.want || d.asked.Load() != c.asked {
			t.Errorf("asked %d times: %s", d.asked.Load(), got)
		}
	}
	d := &daemon{say: func([]byte) string { return "-" }}
	r := Rule{Servers: []string{d.listen(t, "unix")}, Tries: 1}
	if got := said(run(t, rule(t, r).check(), nil, message)); got != "CLAM_VIRUS_FAIL(connection failed)" || d.asked.Load() != 1 {
		t.Errorf("asked %d times: %s", d.asked.Load(), got)
	}
}

// TestStore: what was found is not asked again while the store has it; what failed
// is. A store that is down hinders nothing.
func TestStore(t *testing.T) {
	d := &daemon{say: findings}
	store := storage.Full(storage.NewMemory(storage.MemoryOptions{}))
	r := Rule{Name: "Clam", Servers: []string{d.listen(t, "unix")}}
	c := rule(t, r).check()
	for word, want := range map[string]string{
		"harmless": "", "virus-a": "CLAM_VIRUS(Win.Test.A-1)", "locked": "CLAM_VIRUS_ENCRYPTED(File is encrypted)", "macros": "CLAM_VIRUS_MACRO(File contains macros)",
	} {
		before := d.asked.Load()
		for range 3 {
			if got := said(run(t, c, store, attach+word)); got != want {
				t.Errorf("%s: %s", word, got)
			}
		}
		if n := d.asked.Load() - before; n != 1 {
			t.Errorf("%s: asked %d times", word, n)
		}
	}
	before := d.asked.Load()
	for range 2 {
		if got := said(run(t, c, store, attach+"bomb")); got != "CLAM_VIRUS_FAIL(Limits Exceeded: Heuristics.Limits.Exceeded.MaxRecursion)" {
			t.Error(got)
		}
	}
	if n := d.asked.Load() - before; n != 2 {
		t.Errorf("a limit: asked %d times", n)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	if got := said(run(t, c, store, attach+"virus-a")); got != "CLAM_VIRUS(Win.Test.A-1)" {
		t.Errorf("without the store: %s", got)
	}
	r.Expire = -1
	if c := rule(t, r).check(); c.Needs.Store {
		t.Error("a rule that keeps nothing needs the store")
	}
}

// TestReplay: what clamd said is observed, and a replay asks neither it nor the store.
func TestReplay(t *testing.T) {
	d := &daemon{say: findings}
	c := rule(t, Rule{Servers: []string{d.listen(t, "unix")}, Action: actions.Reject}).check()
	recorded := map[string][]byte{}
	st := &checks.State{Message: mail.Parse([]byte(attach+"virus-a"), mail.Envelope{}, mail.Limits{})}
	st.Outside = func(_ *checks.Check, name string, f func() []byte) []byte {
		recorded[name] = f()
		return recorded[name]
	}
	first, err := st.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range []map[string][]byte{recorded, nil} {
		st.Outside = func(_ *checks.Check, name string, _ func() []byte) []byte { return data[name] }
		again, err := st.Run(t.Context(), c)
		want := said(first)
		if data == nil {
			want = "CLAM_VIRUS_FAIL(not recorded)"
		}
		if got := said(again); err != nil || got != want || !strings.Contains(said(first), "Win.Test.A-1") {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
	}
	if n := d.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

// TestPoolEnds: no connection is left when the Scanner closes, and at most a few are
// kept until then.
func TestPoolEnds(t *testing.T) {
	var open atomic.Int32
	d := &daemon{say: findings}
	s := rule(t, Mailserver(d.listen(t, "tcp")))
	inner := s.pool.dial
	s.pool.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := inner(ctx, network, address)
		open.Add(1)
		return &counted{Conn: c, open: &open}, err
	}
	var all sync.WaitGroup
	for range 2 * maxIdle {
		all.Go(func() {
			if got := said(run(t, s.check(), nil, whole+"x")); got != "" {
				t.Error(got)
			}
		})
	}
	all.Wait()
	if n := open.Load(); n < 1 || n > maxIdle {
		t.Errorf("%d connections are kept", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var background sync.WaitGroup
	if err := s.check().Start(ctx, &checks.Env{Go: func(_ string, f func()) { background.Go(f) }}); err != nil {
		t.Fatal(err)
	}
	cancel()
	background.Wait() // as the Scanner's Close does
	if n := open.Load(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
	run(t, s.check(), nil, whole+"x")
	if n := open.Load(); n != 0 {
		t.Errorf("%d connections are left of a scan that ended late", n)
	}
}

// TestIdleConnections: one that is not used for a while is closed, and not by the next
// message alone.
func TestIdleConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &daemon{say: findings}
		s := newScanner(Mailserver("clamd:3310").withDefaults(), d.piped)
		ask := func() {
			if got := said(run(t, s.check(), nil, whole+"x")); got != "" {
				t.Error(got)
			}
		}
		ask()
		time.Sleep(idleFor / 2)
		ask()
		if n := d.opened.Load(); n != 1 {
			t.Errorf("%d connections", n)
		}
		time.Sleep(idleFor * 3 / 4) // after the first time that is looked
		if n, _ := kept(s.pool); n != 1 {
			t.Errorf("%d are kept", n)
		}
		time.Sleep(idleFor)
		synctest.Wait()
		if n, watched := kept(s.pool); n != 0 || watched {
			t.Errorf("%d are kept, looked after: %v", n, watched)
		}
		ask()
		if n := d.opened.Load(); n != 2 {
			t.Errorf("%d connections", n)
		}
		s.pool.close()
	})
}

func kept(p *pool) (n int, watched bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.idle), p.sweep != nil
}

type counted struct {
	net.Conn
	open *atomic.Int32
	once sync.Once
}

func (c *counted) Close() error {
	c.once.Do(func() { c.open.Add(-1) })
	return c.Conn.Close()
}

func TestExpand(t *testing.T) {
	for template, want := range map[string]string{
		DefaultMessage: `S: virus found: "V"`, "${VIRUS}${SCANNER}$": "VS$", "plain $SCANNER": "plain $SCANNER", "": "",
	} {
		if got, err := expand(template, "S", "V"); err != nil || got != want {
			t.Errorf("%q: %q, %v", template, got, err)
		}
	}
	if got, _ := expand("${VIRUS}", "S", "${SCANNER}"); got != "${SCANNER}" {
		t.Errorf("the name of a virus was expanded: %q", got)
	}
}

func TestValidate(t *testing.T) {
	one := []string{"127.0.0.1:1"}
	for want, r := range map[string]Rule{
		`Rules[0].Servers: missing`: {},
		`Rules[0].Servers[0]: "here" is no address: want host:port or unix:/path`:   {Servers: []string{"here"}},
		`Rules[0].Name: "a\n" is no name`:                                           {Servers: one, Name: "a\n"},
		`Rules[0].Symbol: "A B" is no name of a symbol`:                             {Servers: one, Symbol: "A B"},
		`Rules[0].Timeout: -1ns is negative`:                                        {Servers: one, Timeout: -1},
		`Rules[0].Tries: 11 is not between 0 and 10`:                                {Servers: one, Tries: 11},
		`Rules[0].MaxSize: -1 is not between 0 and 1073741824`:                      {Servers: one, MaxSize: -1},
		`Rules[0].Whole: the message has its texts and images already`:              {Servers: one, Whole: true, Text: true},
		`Rules[0].Action: "no action" changes nothing, leave it empty`:              {Servers: one, Action: actions.NoAction},
		`Rules[0].OnFail: it is written "soft reject"`:                              {Servers: one, OnFail: "soft_reject"},
		`Rules[0].Message: ${VIRUSES} is neither ${SCANNER} nor ${VIRUS}`:           {Servers: one, Message: "${VIRUSES}"},
		`Rules[0].Message: ${ without }`:                                            {Servers: one, Message: "${VIRUS"},
		`Rules[0].Patterns[1].Symbol: CLAM_VIRUS_FAIL says something else`:          {Servers: one, Patterns: []Pattern{{"A", "b"}, {"CLAM_VIRUS_FAIL", "x"}}},
		"Rules[0].Patterns[0].Regexp: error parsing regexp: missing closing ): `(`": {Servers: one, Patterns: []Pattern{{"A", "("}}},
		`Rules[0].Ignore[0]: empty`:                                                 {Servers: one, Ignore: []string{""}},
	} {
		if err := (Options{Rules: []Rule{r}}).Validate(); err == nil || err.Error() != "antivirus: "+want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	twice := Options{Rules: []Rule{{Servers: one}, {Name: "ClamAV", Servers: one}}}
	err := twice.Validate()
	for _, want := range []string{`Rules[1].Name: another rule is "ClamAV"`, "Rules[1].Symbol: another rule has CLAM_VIRUS\n", "another rule has CLAM_VIRUS_FAIL"} {
		if err == nil || !strings.Contains(err.Error()+"\n", want) {
			t.Errorf("%v, without %s", err, want)
		}
	}
	if err := (Options{}).Validate(); err != nil {
		t.Error(err)
	}
}

// No reply makes trouble, and none that is not clean is called so.
func FuzzReply(f *testing.F) {
	for _, s := range []string{"1: stream: OK", "1: stream: Eicar-Signature FOUND", "stream: OK", "INSTREAM size limit exceeded. ERROR", "2: stream: OK", "1: stream: \xff FOUND FOUND", ": ", "1: stream: ENCRYPTED FOUND"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		reply, err := numbered(s, 1)
		if err != nil {
			return
		}
		a, err := readAnswer(reply)
		if err == nil && (a.Found == "") == (a.Failed == "") {
			t.Errorf("%q: %+v", s, a)
		}
		if a.Found == clean && reply != "stream: OK" {
			t.Errorf("%q is clean", s)
		}
		if err != nil && !errors.Is(err, errReply) && !errors.Is(err, errTooLarge) {
			t.Errorf("%q: %v", s, err)
		}
		if strings.ContainsFunc(a.Found+a.Failed, func(r rune) bool { return r < ' ' || r > '~' }) || len(a.Found) > maxVirus+1 {
			t.Errorf("%q: %+v", s, a)
		}
	})
}
