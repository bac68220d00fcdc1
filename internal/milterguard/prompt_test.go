package milterguard

import (
	"net"
	"runtime"
	"testing"
)

// TestPrompt: what was read is acknowledged before the next read, unless something
// was written meanwhile.
func TestPrompt(t *testing.T) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	go func() { // the peer says two things, hears one and says another
		_, _ = theirs.Write([]byte("x"))
		_, _ = theirs.Write([]byte("x"))
		_, _ = theirs.Read(make([]byte, 1))
		_, _ = theirs.Write([]byte("x"))
	}()
	acknowledged := 0
	p := &prompt{Conn: ours, acknowledge: func() { acknowledged++ }}
	read := func(want int) {
		t.Helper()
		if _, err := p.Read(make([]byte, 1)); err != nil || acknowledged != want {
			t.Errorf("acknowledged %d times, want %d, %v", acknowledged, want, err)
		}
	}
	read(0)
	read(1)
	if _, err := p.Write([]byte("y")); err != nil {
		t.Fatal(err)
	}
	read(1)
}

// TestPromptly: connections by TCP are prompt where the system can do that, and it
// takes the request.
func TestPromptly(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	p, ok := promptly(c).(*prompt)
	if ok != (runtime.GOOS == "linux") {
		t.Errorf("prompt: %v on %s", ok, runtime.GOOS)
	}
	if ok {
		p.acknowledge()
		c.Close()
		p.acknowledge() // of no effect
	}
	if _, ok := promptly(&net.UnixConn{}).(*prompt); ok {
		t.Error("a unix socket is prompt")
	}
}
