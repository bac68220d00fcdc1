package antivirus

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/checks"
)

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
