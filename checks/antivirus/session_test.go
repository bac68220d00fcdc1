package antivirus

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/winnowmail/winnow/actions"
)

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
	silent := stalls.listen(t, "unix")
	for server, want := range map[string]string{
		address: "connection failed", "unix:" + t.TempDir() + "/none": "connection failed", silent: "no answer in time",
	} {
		r := Mailserver(server)
		if r.Timeout, r.Tries = time.Minute, 1; server == silent {
			r.Timeout = 50 * time.Millisecond
		}
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
